import { DOCTOR_HELP, type Examination, readDoctorArguments } from "./doctor/arguments.ts";
import { misuse, parseOptions } from "./options.ts";

export const HELP = `Usage: micropie <file> [options]
       micropie doctor <url> [options]
       micropie sessions <subcommand> [options]
       micropie admin [options]
       micropie completion <bash|zsh|fish>

Serves the default export of a .ts or .js file: an App, or any object with a fetch method.

  -p, --port <number>    port to listen on; 0 takes a free port. Default: the variable PORT, or 8000
      --host <address>   address to listen on. Default: localhost; 0.0.0.0 is every network
  -w, --watch            restart when a file of the application changes
  -v, --version          print the version
  -h, --help             print this help

With doctor, says what is wrong with the session cookie of a running server; micropie doctor --help has its options.
With sessions, lists, counts, explains and ends the sessions of a store; micropie sessions --help has its subcommands.
With admin, serves a page that shows them; micropie admin --help has its options.

Example: npx micropie app.ts --port 3000 --watch`;

const HOW = "micropie --help";

/** A parsed command line. */
export type Command =
  | { readonly do: "help"; readonly text: string }
  | { readonly do: "version" }
  | Examination
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

/** Parses the arguments after the program's name. Throws `Problem` with exit code 2 if they are invalid. */
export function readArguments(args: readonly string[], environment: NodeJS.ProcessEnv): Command {
  if (args[0] === "doctor") return readDoctorArguments(args.slice(1)) ?? { do: "help", text: DOCTOR_HELP };
  const { values, positionals } = parseOptions(args, OPTIONS, HOW);
  if (values.help) return { do: "help", text: HELP };
  if (values.version) return { do: "version" };
  const [file, second] = positionals;
  if (file === undefined) throw misuse("missing file. For example: npx micropie app.ts", HOW);
  if (second !== undefined) throw misuse(`expected one file, got two: ${file} ${second}`, HOW);
  if (values.host === "") throw misuse("--host needs an address, for example --host 0.0.0.0", HOW);
  return {
    do: "serve",
    file,
    port: readPort(values.port, environment.PORT),
    host: values.host ?? "localhost",
    watch: values.watch ?? false,
  };
}

function readPort(option: string | undefined, variable: string | undefined): number {
  const text = option ?? (variable || "8000");
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65535) return port;
  const source = option === undefined ? "the variable PORT" : "--port";
  throw misuse(`${source} must be a whole number from 0 to 65535, not "${text}"`, HOW);
}
