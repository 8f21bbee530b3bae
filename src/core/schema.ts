import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Awaitable, SessionData } from "../backends/backend.ts";
import { DataError } from "../errors.ts";
import { chain, settle } from "./call.ts";
import { publish } from "./events.ts";
import type { Engine, Live } from "./live.ts";
import type { ResolvedOptions } from "./resolved-options.ts";
import { type About, eventOf } from "./session.ts";
import { dataFitted, filledIn } from "./state.ts";

type Schema = StandardSchemaV1<unknown, object>;
type Result = StandardSchemaV1.Result<object>;

/** Data as the schema has it, and what was wrong with it before. */
export interface Fitted {
  /** Empty if the data did not fit and could not be mended. */
  readonly data: object;
  readonly issues: readonly string[] | undefined;
  readonly migrated: boolean;
}

/**
 * Fits a session's loaded data to the schema. Data that does not fit is mended by `migrate`; otherwise the handler gets an
 * empty session, and what is stored stays as it is until something is written. Either way an `invalid` event says so.
 */
export function fitLoaded(live: Live): Awaitable<void> {
  return chain(
    fitData(live.engine, live.data, () => eventOf(live)),
    ({ data, issues, migrated }) => {
      const isHidden = issues !== undefined && !migrated;
      dataFitted(live, data, isHidden, issues === undefined);
      if (isHidden) return fitEmpty(live);
    },
  );
}

/**
 * Fills in what the schema gives a session without data; nothing if it refuses an empty one. What it fills in is no change:
 * it is stored with the first one.
 */
export function fitEmpty(live: Live): Awaitable<void> {
  return chain(validate(live.engine.options.schema!, {}), (result) => {
    if (!result.issues) filledIn(live, result.value);
  });
}

/** Never throws for data that does not fit. `about` says in the event whose session it is. */
export function fitData(engine: Engine, data: object, about: () => About): Awaitable<Fitted> {
  const { options } = engine;
  const schema = options.schema!;
  return chain(validate(schema, data), (result) => {
    if (!result.issues) return { data: result.value, issues: undefined, migrated: false };
    const issues = result.issues.map((issue) => `${pathOf(issue) || "(session)"}: ${issue.message}`);
    return chain(mended(options, schema, data), (mend) => {
      const migrated = mend !== undefined;
      publish(engine, "invalid", { ...about(), issues, migrated });
      return { data: mend ?? {}, issues, migrated };
    });
  });
}

/** Throws DataError `invalid`, naming the key, if the schema refuses what is about to be stored. */
export function checkWritten(schema: Schema, data: object): Awaitable<void> {
  return chain(validate(schema, data), (result) => {
    if (!result.issues) return;
    const issue = result.issues[0]!;
    const path = pathOf(issue);
    throw new DataError(
      "invalid",
      path.split(".")[0]!,
      `session.${path} does not fit the schema: ${issue.message}`,
    );
  });
}

function mended({ migrate }: ResolvedOptions, schema: Schema, old: object): Awaitable<object | undefined> {
  if (migrate === undefined) return undefined;
  return chain(settle(migrate({ ...old } as SessionData)), (data) => {
    if (typeof data !== "object" || data === null) return undefined;
    return chain(validate(schema, data), (result) => (result.issues ? undefined : result.value));
  });
}

function validate(schema: Schema, data: object): Awaitable<Result> {
  return settle(schema["~standard"].validate({ ...data }) as Awaitable<Result>);
}

function pathOf(issue: StandardSchemaV1.Issue): string {
  return (issue.path ?? []).map((part) => String(typeof part === "object" ? part.key : part)).join(".");
}
