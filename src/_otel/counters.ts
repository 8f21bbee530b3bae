import { listen, type Publisher, type SessionEventName, type SessionEvents } from "../core/events.ts";
import { type Attributes, type Meter, observed } from "./meter.ts";

/** A counter, and which event counts as which value of its label; undefined counts nothing. */
interface Counter {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly label?: string;
  /** Every value of the label, so that each series begins with 0. */
  readonly values: readonly string[];
  readonly counts: {
    readonly [Name in SessionEventName]?: (event: SessionEvents[Name]) => string | undefined;
  };
}

const PLAIN = [""];
const one = (): string => "";

const COUNTERS: readonly Counter[] = [
  {
    name: "micropie.session.created",
    unit: "{session}",
    description: "Sessions that were stored for the first time.",
    values: PLAIN,
    counts: { created: one },
  },
  {
    name: "micropie.session.sign_ins",
    unit: "{sign_in}",
    description: "Sign-ins of users.",
    values: PLAIN,
    counts: {
      created: ({ userId }) => (userId === null ? undefined : ""),
      rotated: ({ userId, login }) => (login && userId !== null ? "" : undefined),
    },
  },
  {
    name: "micropie.session.ended",
    unit: "{session}",
    description: "Sessions that ended, as far as this process has ended them or found that they had.",
    label: "micropie.session.end.reason",
    values: ["logout", "emptied", "replaced", "expired", "revoked", "revoked_all", "limit", "reused"],
    counts: {
      logged_out: ({ reason }) => reason,
      expired: () => "expired",
      revoked: ({ reason, all }) => (all ? "revoked_all" : reason),
    },
  },
  {
    name: "micropie.session.rotated",
    unit: "{session}",
    description: "New ids of sessions.",
    label: "micropie.session.rotation.reason",
    values: ["sign_in", "elevated", "rotated"],
    counts: { rotated: ({ login, elevated }) => (login ? "sign_in" : elevated ? "elevated" : "rotated") },
  },
  {
    name: "micropie.session.reused",
    unit: "{id}",
    description: "Ids that came again after a rotation had replaced them: signs of stolen cookies.",
    values: PLAIN,
    counts: { reused: one },
  },
  {
    name: "micropie.session.unknown",
    unit: "{id}",
    description: "Well-formed ids that open no session.",
    values: PLAIN,
    counts: { unknown: one },
  },
  {
    name: "micropie.session.superseded",
    unit: "{request}",
    description: "Requests that came with the id from before a sign-in.",
    values: PLAIN,
    counts: { superseded: one },
  },
  {
    name: "micropie.session.unproven",
    unit: "{request}",
    description: "Requests that came without the proof of the device that their session is bound to.",
    values: PLAIN,
    counts: { unproven: one },
  },
  {
    name: "micropie.session.discarded",
    unit: "{write}",
    description: "Writes that were dropped because the session had ended or had other rights.",
    label: "micropie.session.discard.reason",
    values: ["ended", "stale", "superseded", "grace"],
    counts: { discarded: ({ reason }) => reason },
  },
  {
    name: "micropie.session.damaged",
    unit: "{record}",
    description: "Times that a stored record could not be read.",
    values: PLAIN,
    counts: { damaged: one },
  },
];

/** Counts events as plain numbers, and tells them to `meter` when it collects. Returns functions that end it. */
export function countEvents(engine: Publisher, meter: Meter): (() => void)[] {
  return COUNTERS.flatMap((counter) => counted(engine, meter, counter));
}

function counted(engine: Publisher, meter: Meter, counter: Counter): (() => void)[] {
  const { name, unit, description, label, values, counts } = counter;
  const realm = { "micropie.realm": engine.options.realm };
  const series = values.map((value): { value: string; count: number; attributes: Attributes } => ({
    value,
    count: 0,
    attributes: label === undefined ? realm : { ...realm, [label]: value },
  }));
  const stops = (Object.keys(counts) as SessionEventName[]).map((event) => {
    const labelOf = counts[event] as (message: object) => string | undefined;
    return listen(engine, event, (message) => {
      const value = labelOf(message);
      for (const each of series) if (each.value === value) each.count += 1;
    });
  });
  const instrument = meter.createObservableCounter(name, { unit, description });
  const stop = observed(instrument, (result) => {
    for (const { count, attributes } of series) result.observe(count, attributes);
  });
  return [...stops, stop];
}
