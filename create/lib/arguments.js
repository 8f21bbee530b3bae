import { parseArgs } from "node:util";
import { DEFAULTS, FRAMEWORKS, STORES } from "./choices.js";
import { Problem } from "./problem.js";

const list = (/** @type {object} */ choices) => Object.keys(choices).join(", ");

export const HELP = `Usage: npm create micropie [folder] -- [options]

Writes a typed application with a sign-in, the user's devices, tests and a Dockerfile. What is not given is asked.

  -f, --framework <name>  ${list(FRAMEWORKS)}
  -s, --store <name>      where sessions are: ${list(STORES)}
  -y, --yes               ask nothing: ${DEFAULTS.folder}, ${DEFAULTS.framework} and ${DEFAULTS.store} if nothing else is given
      --micropie <spec>   the micropie to depend on: a version, or the path of a .tgz, which is copied into the folder
  -v, --version           print the version
  -h, --help              print this help

Example: npm create micropie my-app -- --framework fastify --store redis`;

/**
 * @typedef {object} Arguments What the command line says; undefined is asked.
 * @property {string} [folder]
 * @property {string} [framework]
 * @property {string} [store]
 * @property {string} [micropie]
 * @property {boolean} yes
 * @property {boolean} help
 * @property {boolean} version
 */

/**
 * Returns the arguments. Throws Problem with exit code 2 if they are wrong.
 * @param {readonly string[]} args
 * @returns {Arguments}
 */
export function readArguments(args) {
  const { values, positionals } = parse(args);
  const [folder, second] = positionals;
  if (second !== undefined) throw misuse(`expected one folder, got two: ${folder} ${second}`);
  for (const [name, choices] of /** @type {const} */ ([
    ["framework", FRAMEWORKS],
    ["store", STORES],
  ])) {
    const value = values[name];
    if (value !== undefined && !Object.hasOwn(choices, value))
      throw misuse(`--${name} is one of ${list(choices)}, not "${value}"`);
  }
  for (const [name, value] of [
    ["the folder", folder],
    ["--micropie", values.micropie],
  ])
    if (value?.trim() === "") throw misuse(`${name} must not be empty`);
  const { framework, store, micropie, yes = false, help = false, version = false } = values;
  return { folder, framework, store, micropie, yes, help, version };
}

/** @param {readonly string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        framework: { type: "string", short: "f" },
        store: { type: "string", short: "s" },
        micropie: { type: "string" },
        yes: { type: "boolean", short: "y" },
        version: { type: "boolean", short: "v" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Only the first sentence is about the option.
    throw misuse(message.split(/\.\s|\n/)[0] ?? message);
  }
}

/**
 * Returns the error for wrong arguments.
 * @param {string} message
 */
export function misuse(message) {
  return new Problem(`${message}\nRun \`npm create micropie -- --help\` for all options.`, 2);
}
