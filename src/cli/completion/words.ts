import type { Option } from "../sessions/subcommand.ts";
import { SUBCOMMANDS } from "../sessions/subcommands.ts";

/** What follows `micropie`. */
export const FIRST: readonly { readonly name: string; readonly help: string }[] = [
  { name: "sessions", help: "list, count, explain and end sessions" },
  { name: "admin", help: "serve a page of the sessions on this machine" },
  { name: "doctor", help: "say what is wrong with the session cookie of a running server" },
  { name: "completion", help: "print a completion script" },
];

export const SHELLS: readonly string[] = ["bash", "zsh", "fish"];

/** An option as completion scripts have it. */
export interface CompletedOption {
  readonly name: string;
  readonly short: string | undefined;
  readonly help: string;
  readonly takesValue: boolean;
  /** Words, files, or nothing to offer. */
  readonly offers: Option["offers"];
}

/** The subcommands of `micropie sessions` with their options. */
export const COMPLETED: readonly {
  readonly name: string;
  readonly help: string;
  readonly options: readonly CompletedOption[];
}[] = SUBCOMMANDS.map(({ name, help, options }) => ({
  name,
  help,
  options: Object.entries(options).map(([name, option]) => ({
    name,
    short: option.short,
    help: option.help,
    takesValue: option.type === "string",
    offers: option.offers,
  })),
}));
