import type { SessionBackend } from "../../backends/backend.ts";
import { type Disguise, disguised } from "./disguise.ts";
import type { ListOption, SwitchOption, TextOption } from "./subcommand.ts";
import { counted } from "./words.ts";

/** The options of a copy. */
export const COPY_OPTIONS: {
  readonly copy: SwitchOption;
  readonly redact: ListOption;
  readonly pseudonyms: TextOption;
  readonly "same-cookies": SwitchOption;
} = {
  copy: { type: "boolean", help: "copy them instead, for a test environment; nobody's cookie opens a copy" },
  redact: {
    type: "string",
    multiple: true,
    value: "KEY,...",
    help: "with --copy: the keys, at any depth, whose values are left out; * for all",
  },
  pseudonyms: {
    type: "string",
    value: "SECRET",
    help: "with --copy: other ids for users, made with this text, and no addresses",
  },
  "same-cookies": { type: "boolean", help: "with --copy: the cookies that open a session open its copy" },
};

interface Given {
  readonly copy?: boolean | undefined;
  readonly redact?: readonly string[] | undefined;
  readonly pseudonyms?: string | undefined;
  readonly "same-cookies"?: boolean | undefined;
}

/** Characters. A shorter text could be guessed, and with it who is behind a pseudonym. */
const SHORTEST = 16;

/** Returns how sessions are to be copied; undefined if they are not. Throws what `wrong` makes of a reason. */
export function copyIn(given: Given, wrong: (reason: string) => Error): Disguise | undefined {
  const { copy, redact = [], pseudonyms, "same-cookies": sameCookies = false } = given;
  if (!copy) {
    const other = (["redact", "pseudonyms", "same-cookies"] as const).find(
      (name) => given[name] !== undefined,
    );
    if (other !== undefined) throw wrong(`--${other} goes with --copy`);
    return undefined;
  }
  if (pseudonyms !== undefined && pseudonyms.length < SHORTEST)
    throw wrong(`--pseudonyms takes a secret text of at least ${SHORTEST} characters`);
  const keys = redact.flatMap((text) => text.split(",")).map((key) => key.trim());
  return { redact: new Set(keys.filter((key) => key !== "")), pseudonyms, sameCookies };
}

/** Returns what a copy will have, for who has to confirm it. */
export function copyText({ redact, pseudonyms, sameCookies }: Disguise): string {
  const data = redact.has("*")
    ? "without the values of their data"
    : redact.size > 0
      ? `with their data, but for the values of ${[...redact].join(", ")}`
      : "with all of their data";
  const users = pseudonyms === undefined ? "the ids of users and the addresses" : "pseudonyms of users";
  const cookies = sameCookies ? "The cookies that open a session open its copy." : "No cookie opens a copy.";
  return `${data}, and ${users}. ${cookies}`;
}

/** What was copied. */
export interface Copied {
  /** How many were copied now. */
  copied: number;
  /** How many had been copied before, and stayed as they were. */
  there: number;
  /** How many cannot be read. */
  left: number;
}

const PAGE = 200;

/**
 * Copies all sessions that are not in the target yet, page by page, `atOnce` of them at the same time; `told` is called after each page,
 * and stops it by returning false. Nothing is written to the source.
 */
export async function copySessions(
  from: SessionBackend,
  to: SessionBackend,
  disguise: Disguise,
  { atOnce, told }: { readonly atOnce: number; readonly told: (done: Copied) => boolean },
): Promise<Copied> {
  const done = { copied: 0, there: 0, left: 0 };
  // A page may have one that an earlier page had.
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await from.scan({ cursor, limit: PAGE });
    cursor = page.cursor;
    const fresh = page.sessions.filter(({ handle }) => !seen.has(handle));
    for (const { handle } of fresh) seen.add(handle);
    for (let at = 0; at < fresh.length; at += atOnce)
      await Promise.all(
        fresh.slice(at, at + atOnce).map(async ({ handle, record }) => {
          const copy = disguised(record, disguise);
          if (copy === "no session") return;
          if (copy === undefined) done.left += 1;
          else if (await to.adopt(handle, copy)) done.copied += 1;
          // Otherwise it has expired since it was read.
          else if ((await to.standings([handle])).length > 0) done.there += 1;
        }),
      );
  } while (told(done) && cursor !== undefined);
  return done;
}

/** Returns what was copied, in words. */
export function copiedText({ copied, there, left }: Copied): string {
  const before = there === 0 ? "" : ` ${counted(there, "session")} had been copied before.`;
  const rest =
    left === 0
      ? ""
      : ` ${counted(left, "record")} cannot be read, and ${left === 1 ? "was" : "were"} left out.`;
  return `Copied ${counted(copied, "session")}.${before}${rest}`;
}
