import type { Option, Options, Subcommand } from "./subcommand.ts";
import { SUBCOMMANDS } from "./subcommands.ts";

/** What the command ends with. */
export const EXIT_CODES: string = `Exit code: 0 if it did what it was asked, 1 if the store failed, 2 for invalid arguments, 3 if there is no such session, 4 if
nobody confirmed, 130 after Ctrl-C.`;

/** Returns the help of `micropie sessions`. */
export function sessionsHelp(): string {
  const lines = SUBCOMMANDS.map(({ name, takes, help }) => `  ${`${name} ${takes}`.padEnd(20)}${help}`);
  return `Usage: micropie sessions <subcommand> --store URL [options]

Sees, counts, explains and ends sessions, on every store, while they are in use. No cookie's secret is printed, and no data of a
session unless --data asks for it.

${lines.join("\n")}

Stores: redis://host:6379/0, rediss://, redis-cluster://host:6379,host2:6379, redis-sentinel://host:26379,host2:26379/mymaster,
postgres://user:password@host/database, mysql://, file:sessions.sqlite, memcached://host:11211,host2:11211.

${EXIT_CODES}

All options of a subcommand: micropie sessions list --help
Example: npx micropie sessions list --store redis://localhost:6379`;
}

/** Returns the help of one subcommand. */
export function helpFor({ name, takes, help, more, options }: Subcommand): string {
  const usage = `Usage: micropie sessions ${name}${takes === "" ? "" : ` ${takes}`} --store URL [options]`;
  const says = `${help[0]!.toUpperCase()}${help.slice(1)}.`;
  return [usage, says, optionLines(options), more, EXIT_CODES].filter(Boolean).join("\n\n");
}

function optionLines(options: Options): string {
  const lines = Object.entries(options).map(([name, option]) => [nameOf(name, option), option.help] as const);
  const width = Math.max(...lines.map(([left]) => left.length)) + 2;
  return lines.map(([left, right]) => `${left.padEnd(width)}${right}`).join("\n");
}

function nameOf(name: string, { short, value }: Option): string {
  return `  ${short === undefined ? "   " : `-${short},`} --${name}${value === undefined ? "" : ` ${value}`}`;
}
