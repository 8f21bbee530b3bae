#!/usr/bin/env node
// `npm create micropie`: writes a new project into a folder that is not there, or empty.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { HELP, misuse, readArguments } from "./lib/arguments.js";
import { DEFAULTS } from "./lib/choices.js";
import { whyNotInto } from "./lib/folder.js";
import { Problem } from "./lib/problem.js";
import { write } from "./lib/write.js";

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8"));

async function main() {
  const given = readArguments(process.argv.slice(2));
  if (given.help) return console.log(HELP);
  if (given.version) return console.log(version);
  // Before anything is asked that would be in vain.
  const reason = given.folder === undefined ? undefined : whyNotInto(given.folder);
  if (reason !== undefined) throw new Problem(`${reason}. Nothing was written.`);
  const chosen = given.yes ? withDefaults(given) : await complete(given);
  const { password } = write({ ...chosen, micropie: given.micropie ?? `^${version}` });
  const there = relative(process.cwd(), chosen.folder);
  console.log(`Done. Next:

  ${there === "" ? "" : `cd ${there}\n  `}npm install
  npm test
  npm run dev        # sign in as demo, with the password ${password}`);
}

/** @param {import("./lib/arguments.js").Arguments} given */
function withDefaults({ folder, framework, store }) {
  return {
    folder: folder ?? DEFAULTS.folder,
    framework: framework ?? DEFAULTS.framework,
    store: store ?? DEFAULTS.store,
  };
}

/** @param {import("./lib/arguments.js").Arguments} given */
async function complete(given) {
  const { folder, framework, store } = given;
  if (folder !== undefined && framework !== undefined && store !== undefined)
    return { folder, framework, store };
  if (!process.stdin.isTTY || !process.stdout.isTTY) {
    const missing = [
      ["a folder", folder],
      ["--framework", framework],
      ["--store", store],
    ].flatMap(([name, value]) => (value === undefined ? [name] : []));
    throw misuse(`there is no terminal to ask in: give ${missing.join(", ")}, or --yes`);
  }
  // The prompts are loaded for who is asked.
  const { ask } = await import("./lib/ask.js");
  return ask(given);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof Problem)) throw error;
  if (error.message !== "") console.error(`create-micropie: ${error.message}`);
  process.exitCode = error.exitCode;
}
