import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { blocksOf, commandsOf } from "./_blocks.ts";
import { environment, Running } from "./_command.ts";
import { closureOf, linkTree } from "./_packages.ts";
import { freePort } from "./_port.ts";
import { until } from "./_until.ts";

/** A command to run, or a file to write. */
export type Step = { readonly command: string } | { readonly file: string; readonly code: string };

/** What a page says to do first: its code blocks from the top to the one that compiles and serves. */
export interface FirstPart {
  /** What to type and to write, in the page's order. */
  readonly steps: readonly (
    | { readonly command: string }
    | { readonly file: string; readonly code: string }
  )[];
  /** The lines of code that the user has then written, without empty lines and comments. */
  readonly lines: readonly string[];
}

/** Throws if the page has no such block. */
export function firstPartOf(page: string): FirstPart {
  const blocks = blocksOf(page);
  const last = blocks.findIndex(({ code }) => code.includes("npx tsc --noEmit"));
  if (last < 0) throw new Error(`${page} does not say how to compile.`);
  const steps = blocks.slice(0, last + 1).flatMap(({ language, file, code }): Step[] => {
    if (language === "sh") return commandsOf(code).map((command) => ({ command }));
    if (file === undefined)
      throw new Error(`${page}: the first line of a block has to name its file:\n${code}`);
    return [{ file, code }];
  });
  const written = steps.flatMap((step) => ("file" in step ? step.code.split("\n") : []));
  return { steps, lines: written.filter((line) => /^\s*(?!\/\/)\S/.test(line)) };
}

/** A folder beside that of the packed package, as somebody has it who follows a page. */
export class PageProject {
  readonly folder: string;
  readonly #sources: readonly string[];

  /** Packages come from `sources`, folders named node_modules: the first that has one gives it. */
  constructor(folder: string, sources: readonly string[]) {
    mkdirSync(folder);
    this.folder = folder;
    this.#sources = sources;
  }

  write(file: string, code: string): void {
    const path = join(this.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code);
  }

  /** Runs one command to its end; returns what it printed. Rejects with that if it fails. */
  async run(command: string): Promise<string> {
    const packages = /^npm install (?:--save-dev )?([^-].*)$/.exec(command)?.[1];
    if (packages !== undefined) return this.#install(packages.split(" "));
    try {
      const { stdout, stderr } = await promisify(execFile)("sh", ["-c", command], {
        cwd: this.folder,
        env: environment(this.#variables()),
      });
      return stdout + stderr;
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${command} failed:\n${stdout}${stderr}`);
    }
  }

  /** Starts a command that serves on the port of the variable PORT; waits until it answers. */
  async start(command: string): Promise<{ url: string; server: Running }> {
    const PORT = String(await freePort());
    const url = `http://localhost:${PORT}`;
    // npx would not pass the signal on that ends the server; the command is in the PATH.
    const direct = command.replace(/^npx /, "");
    const server = new Running("sh", ["-c", `exec ${direct}`], this.folder, { ...this.#variables(), PORT });
    const answers = until(async () => void (await (await fetch(url)).text()));
    try {
      await Promise.race([answers, server.ended]);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return { url, server };
  }

  #variables(): NodeJS.ProcessEnv {
    const places = [join(this.folder, "node_modules/.bin"), dirname(process.execPath), process.env.PATH];
    // Vitest says "test", and Next builds for nothing but production.
    return { PATH: places.join(delimiter), NODE_ENV: undefined, NEXT_TELEMETRY_DISABLED: "1", NO_COLOR: "1" };
  }

  /** Offline, in the versions that are tested: a package with all that it needs, and nothing else. */
  #install(packages: readonly string[]): string {
    for (const asked of packages) {
      const isPacked = asked.endsWith(".tgz");
      if (isPacked && !existsSync(join(this.folder, asked))) throw new Error(`${asked} is not there.`);
      const [, name, version = ""] = isPacked ? [asked, "micropie"] : /^(@?[^@]+)@?(.*)$/.exec(asked)!;
      for (const [each, from] of closureOf(name!, this.#sources)) {
        const to = join(this.folder, "node_modules", each);
        if (!existsSync(to)) linkTree(from, to);
      }
      this.#linkCommands(name!, version);
    }
    return "";
  }

  #linkCommands(name: string, version: string): void {
    const folder = join(this.folder, "node_modules", name);
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      version: string;
      bin?: string | Record<string, string>;
    };
    if (!manifest.version.startsWith(version))
      throw new Error(`The page wants ${name}@${version}; the tests have ${manifest.version}.`);
    const { bin = {} } = manifest;
    const places = join(this.folder, "node_modules/.bin");
    mkdirSync(places, { recursive: true });
    for (const [command, path] of Object.entries(typeof bin === "string" ? { [name]: bin } : bin)) {
      if (!existsSync(join(places, command))) symlinkSync(join(folder, path), join(places, command));
    }
  }
}
