import { misuse, parseOptions } from "../options.ts";

export const DOCTOR_HELP = `Usage: micropie doctor <url> [options]

Sends the same request twice, the second time with the cookies of the first answer, as a browser does, and says what is
wrong with the session cookie. No cookie's value is printed.

      --from <url>       a page of another site whose requests need the session
      --path <path>      a route that begins a session, instead of the path of the URL
      --method <name>    its method. Default: GET, or POST with --data
      --data <text>      its body: a form (user=ann), or JSON ({"user":"ann"})
      --name <cookie>    name of the session cookie. Default: the cookie that looks like one
      --json             print one object
  -h, --help             print this help

Exit code: 0 if nothing is wrong, 1 if something is, 2 for invalid arguments.

Example: npx micropie doctor http://localhost:3000/login --data user=ann`;

const HOW = "micropie doctor --help";

const OPTIONS = {
  from: { type: "string" },
  path: { type: "string" },
  method: { type: "string" },
  data: { type: "string" },
  name: { type: "string" },
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;

/** The command that looks at the session cookie of a running server. */
export interface Examination {
  readonly do: "doctor";
  readonly url: URL;
  /** A page of another site. */
  readonly from: URL | undefined;
  readonly method: string;
  readonly data: string | undefined;
  /** The name of the session cookie, if it was given. */
  readonly name: string | undefined;
  readonly json: boolean;
}

/** Parses the arguments after `doctor`. Returns undefined for --help. Throws `Problem` with exit code 2 if they are invalid. */
export function readDoctorArguments(args: readonly string[]): Examination | undefined {
  const { values, positionals } = parseOptions(args, OPTIONS, HOW);
  if (values.help) return undefined;
  const [address, second] = positionals;
  if (address === undefined)
    throw misuse("missing URL. For example: npx micropie doctor http://localhost:8000", HOW);
  if (second !== undefined) throw misuse(`expected one URL, got two: ${address} ${second}`, HOW);
  const method = (values.method ?? (values.data === undefined ? "GET" : "POST")).toUpperCase();
  if (!/^[A-Z]+$/.test(method)) throw misuse(`--method must be a word such as POST, not "${method}"`, HOW);
  if (values.data !== undefined && /^(GET|HEAD)$/.test(method))
    throw misuse(`--data is a body, which ${method} does not have. Leave out --method, or use POST`, HOW);
  if (values.name === "") throw misuse("--name needs the name of a cookie", HOW);
  const url = readUrl("the URL", address);
  return {
    do: "doctor",
    url: values.path === undefined ? url : readPath(values.path, url),
    from: values.from === undefined ? undefined : readUrl("--from", values.from),
    method,
    data: values.data,
    name: values.name,
    json: values.json ?? false,
  };
}

function readUrl(what: string, text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url;
  // "localhost:3000" is a URL whose protocol is "localhost:".
  const whole = /^[\w.-]+(:\d+)?(\/|$)/.test(text) ? `. Did you mean http://${text}?` : "";
  throw misuse(`${what} must begin with http:// or https://, not "${text}"${whole}`, HOW);
}

function readPath(path: string, base: URL): URL {
  const url = path.startsWith("/") ? URL.parse(path, base) : null;
  if (url?.origin === base.origin) return url;
  throw misuse(`--path must begin with one "/", not "${path}"`, HOW);
}
