import { type Html, html } from "../app/html.ts";
import { chart } from "./chart.ts";
import { address, type Question } from "./desk.ts";
import { LENGTH, type Range, type Sample } from "./history.ts";
import type { Page } from "./layout.ts";
import { counter, gauge, latency, latencyOver, perMinute, type Series, total } from "./series.ts";
import { figure, moment } from "./words.ts";

const ENDED = "micropie.session.ended";
const LIVE = "micropie.session.live";
const SIGNED_IN = "micropie.session.signed_in";

/** Why sessions end, and how the counters name it. */
const REASONS: readonly (readonly [name: string, ...reasons: string[]])[] = [
  ["Logged out", "logout"],
  ["Expired", "expired"],
  ["Revoked", "revoked"],
  ["Revoked, all of a user", "revoked_all"],
  ["Too many of a user", "limit"],
  ["Replaced id was used", "reused"],
  ["Emptied or replaced", "emptied", "replaced"],
];

/** Returns the first page: numbers and charts. It makes no call of the store. */
export function overview({ desk, query }: Question): Page {
  const range: Range = query("range") === "day" ? "day" : "hour";
  const samples = desk.history.samples(range);
  const choice = (each: Range, name: string): Html =>
    each === range
      ? html`<b aria-current="true">${name}</b>`
      : html`<a href="${address(desk, "", { range: each })}">${name}</a>`;
  return {
    title: "Overview",
    every: 5,
    main: html`${trouble(desk.counted().problem)}
<ul class="tiles" data-live id="tiles">${tiles(samples, desk.counted().exact)}</ul>
<p>${choice("hour", "Last hour")} · ${choice("day", "Last day")}</p>
<div class="charts">${charts(samples, range)}</div>
<p class="quiet">Live sessions are those in the store. All else is counted in this process, since ${moment(desk.history.since)}.</p>`,
  };
}

function trouble(text: string | undefined): Html {
  return html`<div data-live id="trouble">${text === undefined ? "" : html`<p class="note failed">${text}</p>`}</div>`;
}

function tiles(samples: readonly Sample[], isExact: boolean): Html[] {
  const now = samples.at(-1)!;
  const live = (key: string): string => {
    const value = now.values.get(key);
    return value === undefined ? "–" : `${isExact ? "" : "about "}${figure(value)}`;
  };
  const [half, most] = [latencyOver(samples, 0.5), latencyOver(samples, 0.99)];
  const time = half === undefined ? "–" : `${figure(half)} / ${figure(most!)}`;
  const tile = (name: string, value: string): Html => html`<li><b>${value}</b> ${name}</li>`;
  return [
    tile("live", live(LIVE)),
    tile("signed in", live(SIGNED_IN)),
    tile("created", figure(total(samples, counter("micropie.session.created")))),
    tile("ended", figure(total(samples, counter(...endings(REASONS))))),
    tile("failures of the store", figure(total(samples, ({ failures }) => failures))),
    tile("ms for the store, median / 99 %", time),
  ];
}

function charts(samples: readonly Sample[], range: Range): Html[] {
  const common = { times: samples.map(({ at }) => at), length: LENGTH[range] };
  const rate = (name: string, ...keys: string[]): Series => perMinute(samples, name, counter(...keys));
  return [
    chart({
      ...common,
      id: "live",
      title: "Live sessions",
      unit: "when they were last counted",
      shape: "lines",
      series: [gauge(samples, "Live", LIVE), gauge(samples, "Signed in", SIGNED_IN)],
    }),
    chart({
      ...common,
      id: "created",
      title: "Created",
      unit: "per minute",
      shape: "lines",
      series: [rate("Created", "micropie.session.created"), rate("Sign-ins", "micropie.session.sign_ins")],
    }),
    chart({
      ...common,
      id: "ended",
      title: "Ended, by reason",
      unit: "per minute",
      shape: "bars",
      series: REASONS.map((reason) => rate(reason[0], ...endings([reason]))),
    }),
    chart({
      ...common,
      id: "latency",
      title: "Answers of the store",
      unit: "milliseconds",
      shape: "lines",
      series: [latency(samples, "Median", 0.5), latency(samples, "99 %", 0.99)],
    }),
    chart({
      ...common,
      id: "failures",
      title: "Failures of the store",
      unit: "per minute",
      shape: "bars",
      series: [perMinute(samples, "Failures", ({ failures }) => failures)],
    }),
    chart({
      ...common,
      id: "refused",
      title: "Ids that open nothing",
      unit: "per minute",
      shape: "lines",
      series: [
        rate("Unknown", "micropie.session.unknown"),
        rate("Used after their rotation", "micropie.session.reused"),
      ],
    }),
  ];
}

function endings(reasons: typeof REASONS): string[] {
  return reasons.flatMap(([, ...keys]) => keys.map((key) => `${ENDED} ${key}`));
}
