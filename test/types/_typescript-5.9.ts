import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { root } from "../_command.ts";
import { install } from "../_install.ts";

/** The part of the API of TypeScript 5.9 that is used here. */
interface TypeScript {
  readonly sys: object;
  createCompilerHost(options: Options): Host;
  getParsedCommandLineOfConfigFile(path: string, over: Options, host: object): Parsed;
  createProgram(from: {
    readonly rootNames: readonly string[];
    readonly options: Options;
    readonly host: Host;
    readonly configFileParsingDiagnostics: readonly Diagnostic[];
  }): { emit(): unknown };
  getPreEmitDiagnostics(program: object): readonly Diagnostic[];
  formatDiagnostics(diagnostics: readonly Diagnostic[], host: Host): string;
}
type Options = Readonly<Record<string, unknown>>;
type Diagnostic = object;
interface Host {
  getSourceFile(path: string, how: Readonly<Record<string, unknown>>, ...rest: unknown[]): unknown;
}
interface Parsed {
  readonly fileNames: readonly string[];
  readonly options: Options;
  readonly errors: readonly Diagnostic[];
}

const folder = new URL("../typescripts/", import.meta.url);

/** Declarations that were parsed before, by their paths and by what they were parsed for. */
const parsedBefore = new Map<string, unknown>();

export function installTypeScript(): Promise<void> {
  return install(folder, () => existsSync(new URL("node_modules/ts5.9/package.json", folder)));
}

/**
 * Compiles as `tsc -p config` of TypeScript 5.9 does, and returns what that says; empty if nothing. In this process, because it
 * takes a second for a program that takes `tsc` three.
 */
export function compiledBy59(config: string, over: Options = {}): string {
  const ts = createRequire(folder)("ts5.9") as TypeScript;
  const { fileNames, options, errors } = ts.getParsedCommandLineOfConfigFile(config, over, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic(diagnostic: Diagnostic) {
      throw new Error(ts.formatDiagnostics([diagnostic], host));
    },
  });
  const host: Host = { ...ts.createCompilerHost(options), getCurrentDirectory: () => root } as Host;
  const parse = host.getSourceFile;
  host.getSourceFile = (path, how, ...rest) => {
    if (!/\.d\.[cm]?ts$/.test(path)) return parse(path, how, ...rest);
    const key = JSON.stringify([
      path,
      how.languageVersion,
      how.impliedNodeFormat,
      options.strict,
      options.module,
    ]);
    if (!parsedBefore.has(key)) parsedBefore.set(key, parse(path, how, ...rest));
    return parsedBefore.get(key);
  };
  const program = ts.createProgram({
    rootNames: fileNames,
    options,
    host,
    configFileParsingDiagnostics: errors,
  });
  const said = ts.getPreEmitDiagnostics(program);
  if (options.noEmit !== true) program.emit();
  return ts.formatDiagnostics(said, host);
}
