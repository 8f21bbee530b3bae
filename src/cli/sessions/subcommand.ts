import type { Sessions } from "../../core/sessions.ts";
import { isHandle, isToken } from "../../core/token.ts";
import type { Recorder } from "../../recorder.ts";
import { misuse, parseOptions } from "../options.ts";
import type { Terminal } from "./terminal.ts";

/** An option of a command: what `parseArgs` of Node needs, and what help and completion say. */
export interface Option {
  readonly type: "string" | "boolean";
  readonly short?: string;
  readonly multiple?: boolean;
  /** What stands for the value in help. */
  readonly value?: string;
  /** What completion offers for the value: these words, or files. */
  readonly offers?: readonly string[] | "files";
  readonly help: string;
}

/** An option with one text. */
export interface TextOption extends Option {
  readonly type: "string";
  readonly multiple?: false;
}

/** An option that may be given several times. */
export interface ListOption extends Option {
  readonly type: "string";
  readonly multiple: true;
}

/** An option without a value. */
export interface SwitchOption extends Option {
  readonly type: "boolean";
  readonly multiple?: false;
}

export type Options = Readonly<Record<string, Option>>;

/** Where the sessions are. */
export interface Store {
  readonly sessions: Sessions;
  /** What `--config` exports besides, if it does. */
  readonly recorder?: Recorder | undefined;
  /** Where they are, as it may be printed. */
  readonly shown: string;
}

/** What a subcommand does once the store is open. Resolves to the exit code. */
export type Work = (store: Store, terminal: Terminal) => Promise<number>;

/** A subcommand of `micropie sessions`. */
export interface Subcommand {
  readonly name: string;
  /** The positional argument, as help shows it; "" for none. */
  readonly takes: string;
  /** One line. */
  readonly help: string;
  /** What else help says. */
  readonly more: string;
  readonly options: Options;
  /** Reads the arguments, before any store is opened. Throws `Problem` with exit code 2. Undefined for `--help`. */
  read(args: readonly string[]): Read | undefined;
}

/** Arguments that were read. */
export interface Read {
  readonly values: SharedValues;
  readonly work: Work;
}

/** What every subcommand takes. */
export const SHARED: Readonly<
  Record<"store" | "config" | "realm" | "prefix" | "table", TextOption> &
    Record<"json" | "help", SwitchOption>
> = {
  store: {
    type: "string",
    short: "s",
    value: "URL",
    help: "the store. Default: the variable MICROPIE_STORE",
  },
  config: {
    type: "string",
    short: "c",
    value: "FILE",
    offers: "files",
    help: "a module that exports `sessions`, instead of --store",
  },
  realm: {
    type: "string",
    value: "NAME",
    help: "the realm, with --store. Default: session_id",
  },
  prefix: {
    type: "string",
    value: "TEXT",
    help: "the prefix of keys in Redis and memcached. Default: session:",
  },
  table: { type: "string", value: "NAME", help: "the table in a database. Default: sessions" },
  json: { type: "boolean", help: "print JSON, one object a line" },
  help: { type: "boolean", short: "h", help: "print this help" },
};

type ValuesOf<O extends Options> = ReturnType<typeof parseOptions<O>>["values"];

/** The values of what every subcommand takes. */
export type SharedValues = ValuesOf<typeof SHARED>;

interface Definition<O extends Options> {
  readonly name: string;
  readonly takes?: string;
  /** How many positional arguments there are, at least and at most. */
  readonly arity?: readonly [number, number];
  readonly help: string;
  readonly more?: string;
  readonly options: O;
  read(values: ValuesOf<O & typeof SHARED>, args: readonly string[]): Work;
}

/** Makes a subcommand of its definition. */
export function subcommand<const O extends Options>(definition: Definition<O>): Subcommand {
  const { name, takes = "", arity = [0, 0], help, more = "", options, read } = definition;
  const all = { ...options, ...SHARED };
  const how = helpOf(name);
  return {
    name,
    takes,
    help,
    more,
    options: all,
    read(args) {
      const { values, positionals } = parseOptions(withHandles(args, all), all, how);
      const shared = values as SharedValues;
      if (shared.help) return undefined;
      const [least, most] = arity;
      if (positionals.length < least) throw misuse(`${name}: missing ${takes.replace("...", "")}`, how);
      if (positionals.length > most) {
        const wanted = most === 0 ? "no argument" : `one ${takes}`;
        throw misuse(`${name} takes ${wanted}, got ${positionals.length}`, how);
      }
      return { values: shared, work: read(values as ValuesOf<O & typeof SHARED>, positionals) };
    },
  };
}

/** Returns the command that prints the options of a subcommand. */
export function helpOf(name: string): string {
  return `micropie sessions ${name} --help`;
}

/** Marks handles, and cookies given instead of one, that begin with "-", so that they are not taken for options. */
function withHandles(args: readonly string[], options: Options): string[] {
  const [before, handles]: [string[], string[]] = [[], []];
  for (const arg of args) {
    const last = before.at(-1);
    if (arg[0] !== "-" || !(isHandle(arg) || isToken(arg)) || Object.hasOwn(options, arg.slice(2)))
      before.push(arg);
    else if (last?.startsWith("--") && options[last.slice(2)]?.type === "string")
      before[before.length - 1] = `${last}=${arg}`;
    else handles.push(arg);
  }
  return handles.length === 0 ? before : [...before, ...(before.includes("--") ? [] : ["--"]), ...handles];
}
