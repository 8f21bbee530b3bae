/** Runs Spin: makes the checker of a model, runs it, and reads what it says. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { find } from "../../test/servers/find.ts";

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL("../../spec/", import.meta.url));
const MOST = { maxBuffer: 1 << 30 };

/**
 * Returns the paths of Spin and of a C compiler. Throws ServerMissing, with the command that installs them; or an error if what is called
 * spin is another program.
 */
export async function tools() {
  const spin = await pathOf("spin");
  const { stdout } = await run(spin, ["-V"]).catch(() => ({ stdout: "" }));
  if (!stdout.startsWith("Spin Version"))
    throw new Error(`${spin} is not Spin, the model checker (https://spinroot.com). Put that first in PATH.`);
  return { spin, compiler: await pathOf("compiler") };
}

async function pathOf(wanted) {
  const found = await find(wanted);
  return found.paths[0];
}

export function modelFile(model) {
  return join(FOLDER, `${model}.pml`);
}

/**
 * Checks one model with these switches. `how` is "all" (every state), "any" (to the first violation), or "shortest" (to the nearest,
 * of which what the model prints is read). What takes more memory or time than this ends, and is not complete; `isLong` gives it more.
 */
export async function check({ spin, compiler }, { model, define, how, isLong = false }) {
  const folder = await mkdtemp(join(tmpdir(), "micropie-model-"));
  try {
    const here = { cwd: folder, ...MOST };
    const switches = define.map((each) => `-D${each}`);
    await run(spin, [...switches, "-a", modelFile(model)], here);
    // The compiler takes longer to make a checker faster than most of them run.
    const level = isLong ? "-O1" : "-O0";
    const memory = isLong ? 10_000 : 4000;
    const kind = how === "shortest" ? "-DBFS" : "-DCOLLAPSE";
    const options = [level, "-w", "-DSAFETY", kind, "-DVECTORSZ=2048", `-DMEMLIM=${memory}`];
    await run(compiler, [...options, "-o", "pan", "pan.c"], here);
    const began = performance.now();
    const { stdout } = await run(join(folder, "pan"), ["-m2000000", isLong ? "-w27" : "-w24"], {
      ...here,
      timeout: (isLong ? 7200 : 1800) * 1000,
      killSignal: "SIGINT",
    }).catch((error) => {
      if (typeof error.stdout !== "string" || !error.stdout.includes("State-vector")) throw error;
      return error;
    });
    const result = { ...resultIn(stdout), seconds: Math.round(performance.now() - began) / 1000 };
    if (result.errors === 0 || how !== "shortest") return result;
    return { ...result, ...(await toldOn(spin, { model, switches, folder })) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the checker says at its end. */
function resultIn(text) {
  const number = (pattern) => {
    const [, found] = pattern.exec(text) ?? [];
    if (found === undefined) throw new Error(`The checker said something unexpected:\n${text}`);
    return Number(found);
  };
  return {
    states: number(/^\s*(\d[\d.e+]*) states, stored/m),
    depth: number(/depth reached (\d+)/),
    errors: number(/errors: (\d+)/),
    complete: !/search not completed|max search depth too small/i.test(text),
  };
}

/** Returns what the model prints on its way to a violation, and how many steps that way has. */
async function toldOn(spin, { model, switches, folder }) {
  const trail = ["-T", "-k", join(folder, `${model}.pml.trail`), ...switches, modelFile(model)];
  const { stdout } = await run(spin, trail, { cwd: folder, timeout: 60_000, ...MOST });
  const [text = ""] = stdout.split(/spin: /);
  const told = text.trim();
  return { told, steps: told.split(" ").length - (model === "session" ? 1 : 0) };
}

/** Walks at random through a model that prints what it does; returns the lines. The same seed gives the same walks. */
export async function walks({ spin }, { model, define, seed }) {
  const folder = await mkdtemp(join(tmpdir(), "micropie-model-"));
  try {
    const switches = define.map((each) => `-D${each}`);
    const options = ["-T", `-n${seed}`, "-u2000000000", ...switches, modelFile(model)];
    const { stdout } = await run(spin, options, { cwd: folder, ...MOST });
    return stdout.split("\n").filter((line) => line.includes("|"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
