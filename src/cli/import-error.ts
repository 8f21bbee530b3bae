import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { codeOf } from "./problem.ts";
import { readStack, shorten } from "./stack.ts";

/** Describes an error of importing the application: one sentence, the place in the user's files, and a hint. */
export function describeImportError(file: string, path: string, error: unknown): string {
  if (!(error instanceof Error)) return `${file} threw while it was loading:\n\n  ${inspect(error)}`;
  const lines = [error instanceof SyntaxError ? syntax(file, path, error) : thrown(file, error)];
  const hint = hintFor(error);
  if (hint !== undefined) lines.push("", hint);
  return lines.join("\n");
}

function thrown(file: string, error: Error): string {
  if (codeOf(error) === "ERR_MODULE_NOT_FOUND")
    return `${file} could not be loaded: ${shorten(error.message)}`;
  return `${file} threw while it was loading:\n\n${describeError(error)}`;
}

/** Returns the name and message of an error, its stack frames outside the runtime, and its causes. */
export function describeError(error: Error): string {
  const { head, frames } = readStack(error);
  const text = [indented([...head, ...frames])];
  if (error.cause instanceof Error && error.cause !== error) {
    text.push("  caused by", describeError(error.cause));
  }
  return text.join("\n");
}

function syntax(file: string, path: string, error: SyntaxError): string {
  const { head, frames } = readStack(error);
  if (frames.length > 0) return thrown(file, error);
  const shown = head.length > 1 ? head : (locate(path) ?? head);
  return `${file} could not be loaded:\n\n${indented(shown)}`;
}

/**
 * Returns where a syntax error is. Node prints this only for an uncaught error, so the import is repeated in a child process.
 * No code of the application runs in it, because all modules are parsed before the first one runs.
 */
function locate(path: string): string[] | undefined {
  const program = `import ${JSON.stringify(pathToFileURL(path).href)};`;
  const child = spawnSync(process.execPath, [...process.execArgv, "--input-type=module", "--eval", program], {
    encoding: "utf8",
    timeout: 5000,
    stdio: ["ignore", "ignore", "pipe"],
  });
  const lines = (child.stderr ?? "").split("\n");
  const end = lines.findIndex((line) => line.startsWith("SyntaxError"));
  return end < 1 ? undefined : lines.slice(0, end + 1).map(shorten);
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => (line === "" ? "" : `  ${line}`)).join("\n");
}

function hintFor(error: Error): string | undefined {
  const { message } = error;
  if (message.includes("not supported in strip-only mode")) {
    return (
      "The runtime only removes types from TypeScript. It cannot run enums, namespaces with code or parameter\n" +
      'properties. Replace them ("erasableSyntaxOnly" in tsconfig.json finds them), or compile to .js first.'
    );
  }
  if (codeOf(error) === "ERR_MODULE_NOT_FOUND") {
    const name = /Cannot find package '([^']+)'/.exec(message)?.[1];
    if (name !== undefined) return `Install it: npm install ${name}`;
    return "Imports need the file extension: ./cart.ts, not ./cart.";
  }
  if (
    error instanceof SyntaxError &&
    /^(Cannot use import statement|Unexpected token 'export')/.test(message)
  ) {
    return 'If package.json has "type": "commonjs", switch to ES modules: npm pkg set type=module';
  }
  if (error instanceof SyntaxError && message.includes("does not provide an export named")) {
    return "If it is a TypeScript type, import it with `type`: import { type Name }.";
  }
  return undefined;
}
