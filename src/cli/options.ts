import { type ParseArgsConfig, parseArgs } from "node:util";
import { nearest } from "../option-names.ts";
import { Problem } from "./problem.ts";

/** The options of a command, as `parseArgs` of Node takes them. */
export type OptionsOf = NonNullable<ParseArgsConfig["options"]>;

/** Parses options and positionals. Throws `Problem` with exit code 2; for an unknown option, it says which one was meant. */
export function parseOptions<const O extends OptionsOf>(
  args: readonly string[],
  options: O,
  help: string,
): ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>> {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const lacking = /(--\w+).* argument (missing|is ambiguous)/.exec(message)?.[1];
    // Only the first sentence is about the option.
    const text = lacking === undefined ? (message.split(/\.\s|\n/)[0] ?? "") : `${lacking} needs a value`;
    const unknown = /^Unknown option '--([^']+)'/.exec(message)?.[1];
    const near = unknown === undefined ? undefined : nearest(unknown, Object.keys(options));
    throw misuse(near === undefined ? text : `${text}. Did you mean --${near}?`, help);
  }
}

/** Returns the error for wrong arguments, with exit code 2. `help` is the command that prints all options. */
export function misuse(message: string, help: string): Problem {
  return new Problem(`${message}\nRun \`${help}\` for all options.`, 2);
}
