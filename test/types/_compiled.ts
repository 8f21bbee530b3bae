import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { promisify } from "node:util";
import { root } from "../_command.ts";

/** Folders of programs, from the root of the repository, each with a tsconfig.json: what one registers, all of it has. */
export const PROGRAMS: readonly string[] = programsIn("test/types").filter(
  (name) => !name.endsWith("express4"),
);

/** The examples that register what their sessions hold. */
export const EXAMPLES: readonly string[] = programsIn("examples").filter(
  (path) => !existsSync(`${root}/${path}/package-lock.json`),
);

function programsIn(folder: string): string[] {
  const paths = readdirSync(`${root}/${folder}`).map((name) => `${folder}/${name}`);
  return paths.filter((path) => existsSync(`${root}/${path}/tsconfig.json`)).sort();
}

/** What a compiler says of a program; empty if nothing. `tsc` is the path of the compiler. */
export async function compiled(tsc: string, program: string, exactOptional = true): Promise<string> {
  const exact = ["--exactOptionalPropertyTypes", String(exactOptional)];
  const args = [tsc, "-p", program, "--noEmit", "--skipDefaultLibCheck", "--pretty", "false", ...exact];
  return promisify(execFile)(process.execPath, args, { cwd: root }).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  );
}
