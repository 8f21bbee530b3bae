import { parseArgs } from "node:util";
import { Problem } from "./problem.ts";

export const HELP = `Usage: micropie <file> [options]

Serves the App that a .ts or .js file exports as its default (or any object with a fetch method).

  -p, --port <number>    where to listen; 0 takes a free port. Default: the variable PORT, else 8000
      --host <address>   who can connect. Default: localhost, this computer only; 0.0.0.0 is everybody
  -w, --watch            restart when a file of the application changes
  -v, --version          print the version
  -h, --help             print this

Example: npx micropie app.ts --port 3000 --watch`;

/** What the command line asks for. */
export type Command =
  | { readonly do: "help" }
  | { readonly do: "version" }
  | {
      readonly do: "serve";
      readonly file: string;
      readonly port: number;
      readonly host: string;
      readonly watch: boolean;
    };

const OPTIONS = {
  port: { type: "string", short: "p" },
  host: { type: "string" },
  watch: { type: "boolean", short: "w" },
  version: { type: "boolean", short: "v" },
  help: { type: "boolean", short: "h" },
} as const;

/** Reads the arguments after the program's name. Throws `Problem` (exit code 2) if they make no sense. */
export function readArguments(args: readonly string[], environment: NodeJS.ProcessEnv): Command {
  const { values, positionals } = parse(args);
  if (values.help) return { do: "help" };
  if (values.version) return { do: "version" };
  const [file, second] = positionals;
  if (file === undefined) throw misuse("which file? For example: npx micropie app.ts");
  if (second !== undefined) throw misuse(`one file at a time, please; these are two: ${file} ${second}`);
  if (values.host === "") throw misuse("--host needs an address, for example --host 0.0.0.0");
  return {
    do: "serve",
    file,
    port: readPort(values.port, environment.PORT),
    host: values.host ?? "localhost",
    watch: values.watch ?? false,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const lacking = /(--\w+).* argument (missing|is ambiguous)/.exec(message)?.[1];
    // The first sentence names the option; the rest is about the parser.
    throw misuse(lacking === undefined ? (message.split(/\.\s|\n/)[0] ?? "") : `${lacking} needs a value`);
  }
}

function readPort(option: string | undefined, variable: string | undefined): number {
  const text = option ?? (variable || "8000");
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65535) return port;
  const source = option === undefined ? "the variable PORT" : "--port";
  throw misuse(`${source} must be a whole number from 0 to 65535, not "${text}"`);
}

function misuse(message: string): Problem {
  return new Problem(`${message}\n\`micropie --help\` lists what there is.`, 2);
}
