import { misuse, parseOptions } from "../options.ts";
import { SHARED, type SharedValues } from "../sessions/subcommand.ts";

export const ADMIN_HELP = `Usage: micropie admin --store URL [options]

Serves a page of the sessions in a store on this machine, and prints a link that opens it once.

  -s, --store URL     the store. Default: the variable MICROPIE_STORE
  -c, --config FILE   instead: a module that exports \`sessions\`, and \`recorder\` if there is one
      --manage        let the page end sessions. Default: it only reads
      --data KEYS     keys of the data that the page shows, with commas between them. Default: none
  -p, --port NUMBER   port to listen on. Default: a free one
      --realm NAME    the realm, with --store. Default: session_id
      --prefix TEXT   the prefix of keys in Redis and memcached. Default: session:
      --table NAME    the table in a database. Default: sessions
  -h, --help          print this help

What is charted is what this process does itself, and how many sessions the store has. For the events of an application, mount
the page there: micropie/admin.

Example: npx micropie admin --store redis://localhost --manage`;

export const HOW = "micropie admin --help";

const { store, config, realm, prefix, table, help } = SHARED;
const OPTIONS = {
  ...{ store, config, realm, prefix, table, help },
  manage: { type: "boolean" },
  data: { type: "string" },
  port: { type: "string", short: "p" },
} as const;

/** What the page is to show, and where. */
export interface AdminCommand {
  readonly values: SharedValues;
  readonly manage: boolean;
  readonly data: readonly string[] | undefined;
  readonly port: number;
}

/** Parses the arguments after `admin`. Returns undefined for --help. Throws `Problem` with exit code 2 if they are invalid. */
export function readAdminArguments(args: readonly string[]): AdminCommand | undefined {
  const { values, positionals } = parseOptions(args, OPTIONS, HOW);
  if (values.help) return undefined;
  if (positionals.length > 0) throw misuse(`admin takes no argument, got ${positionals.length}`, HOW);
  const { manage = false, data, port = "0", ...shared } = values;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw misuse(`--port must be a whole number from 0 to 65535, not "${port}"`, HOW);
  const keys = data
    ?.split(",")
    .map((key) => key.trim())
    .filter(Boolean);
  return { values: shared as SharedValues, manage, data: keys, port: Number(port) };
}
