import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { codeOf } from "./problem.ts";
import { readStack, shorten } from "./stack.ts";

/** What went wrong while the application was imported: a sentence, where it happened in the user's own files, a hint. */
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

/** The error's name and message, the stack frames that are not the runtime's, and its causes. */
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
 * The runtime says where a syntax error of JavaScript is only when nobody catches it, so a child process is left to
 * fail in the same way. Nothing of the application runs in it: no module does before all of them have been parsed.
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
      "TypeScript is run by removing its types, so enum, namespaces with code and parameter properties cannot\n" +
      'be run. Write them another way ("erasableSyntaxOnly" in tsconfig.json finds them), or compile to .js first.'
    );
  }
  if (codeOf(error) === "ERR_MODULE_NOT_FOUND") {
    const name = /Cannot find package '([^']+)'/.exec(message)?.[1];
    if (name !== undefined) return `Install it: npm install ${name}`;
    return "An import names the whole file, with its ending: ./cart.ts, not ./cart.";
  }
  if (
    error instanceof SyntaxError &&
    /^(Cannot use import statement|Unexpected token 'export')/.test(message)
  ) {
    return 'If package.json says "type": "commonjs", make it a package of ES modules: npm pkg set type=module';
  }
  if (error instanceof SyntaxError && message.includes("does not provide an export named")) {
    return "If it is a TypeScript type, import it as one: import { type Name }.";
  }
  return undefined;
}
