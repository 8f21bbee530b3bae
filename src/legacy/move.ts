import type { Awaitable } from "../backends/backend.ts";
import { call, chain } from "../core/call.ts";
import type { Engine, LegacySeam, Live } from "../core/live.ts";
import { judge } from "../core/load.ts";
import { lineOf } from "../core/renew.ts";
import { owe } from "../core/state.ts";
import { ConfigError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { adopt } from "./_adopt.ts";
import { endAll, type FoundLegacy, farewells, findLegacy } from "./_cookies.ts";
import type { LegacyOptions, LegacyReader } from "./_reader.ts";

export type { LegacyCookie, LegacyData, LegacyOptions, LegacyReader } from "./_reader.ts";

/** What the response owes for a session that moved here in this request, or came with its old cookie. */
interface Owed {
  readonly line: string;
  readonly farewells: readonly string[];
}

/**
 * Moves sessions of other libraries here when their cookies come, so that nobody is logged out by the change: the option
 * `legacy` of `createSessions`. Each request that brings an old cookie gets the same session as before, under a cookie of
 * ours; the old one is removed from the browser, and the old session from its store.
 * Throws ConfigError `legacy.readers`, `legacy.until` or `legacy.convert`.
 */
export function moveSessions(options: LegacyOptions): LegacySeam {
  checkOptions(options);
  const owed = new WeakMap<Live, Owed>();
  const isMoving = ({ backend }: Engine): boolean => backend.now() < options.until.getTime() / 1000;

  async function first(
    engine: Engine,
    found: readonly FoundLegacy[],
    open: (token: string) => Awaitable<Live>,
  ): Promise<Live | undefined> {
    let superseded: Live | undefined;
    for (const each of found) {
      const token = await adopt(engine, options, each);
      if (token === undefined) continue;
      const live = await open(token);
      const { phase } = live;
      if (phase.is === "new" && phase.superseded) superseded = live;
      if (phase.is !== "stored") continue;
      // With the id of a moment ago comes another answer's cookie.
      if (!phase.grace) owed.set(live, { line: lineOf(live, token), farewells: farewells(engine, found) });
      return live;
    }
    return superseded;
  }

  return {
    load(engine, header, open) {
      if (!isMoving(engine)) return undefined;
      return chain(findLegacy(engine, options, header), (found) =>
        found.length === 0 ? undefined : first(engine, found, open),
      );
    },
    end(live, header) {
      return isMoving(live.engine) ? endAll(live, options, header) : undefined;
    },
    settle(live) {
      const due = owed.get(live);
      if (due === undefined || live.outbox.headers !== "open") return;
      owed.delete(live);
      return pay(live, due);
    },
  };
}

/**
 * Lets the cookie that a session was promised when it was loaded go out with the answer, unless it has ended or got
 * another id since: a late cookie would take the newer one's place. Never throws; if the store does not answer, the
 * cookie is not sent, and the next request is promised it again.
 */
function pay(live: Live, { line, farewells }: Owed): Awaitable<void> {
  const { engine, phase, outbox } = live;
  // It was signed in or out in this request, and has its cookie already.
  if (outbox.line !== undefined || phase.is !== "stored") {
    if (outbox.farewells.length === 0) owe(live, outbox.line, farewells);
    return;
  }
  try {
    const paid = chain(call(engine, "read", phase.handle), (now) => {
      if (now === undefined || judge(now, phase.record.secretHash) !== "live") return;
      owe(live, line, farewells);
    });
    return paid instanceof Promise ? paid.catch(() => {}) : paid;
  } catch {
    return;
  }
}

function checkOptions(options: LegacyOptions): void {
  refuseUnknown(options, ["readers", "until", "convert"], "legacy.");
  const { readers, until, convert } = options;
  const isReader = (reader: LegacyReader | undefined): boolean =>
    typeof reader?.find === "function" && Array.isArray(reader.removal);
  if (!Array.isArray(readers) || readers.length === 0 || !readers.every(isReader)) {
    throw new ConfigError(
      "legacy.readers",
      "Pass a list of readers, such as expressSessionLegacy({ secret, store }).",
    );
  }
  if (!(until instanceof Date) || Number.isNaN(until.getTime()))
    throw new ConfigError("legacy.until", "Pass the Date from which the old cookies open nothing.");
  if (convert !== undefined && typeof convert !== "function")
    throw new ConfigError("legacy.convert", "Pass a function from the old data to the new.");
}
