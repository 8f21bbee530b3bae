import { clearScreenDown, cursorTo } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Sessions } from "../../core/sessions.ts";
import { Interrupt, type Terminal } from "./terminal.ts";
import { isoText, numberText } from "./words.ts";

const BARS = "▁▂▃▄▅▆▇█";

interface Sample {
  readonly at: number;
  readonly sessions: number;
  readonly signedIn: number | undefined;
  readonly exact: boolean;
  /** How long the store took, in milliseconds. */
  readonly took: number;
}

/** Counts sessions again and again until Ctrl-C. Resolves to 0 then. Throws as `count` does. */
export async function watchStats(
  sessions: Sessions,
  shown: string,
  terminal: Terminal,
  seconds: number,
): Promise<number> {
  using interrupt = new Interrupt();
  const samples: Sample[] = [];
  const isScreen = !terminal.json && process.stdout.isTTY === true;
  if (isScreen) await terminal.print("\x1b[2J");
  while (!interrupt.asked) {
    const began = performance.now();
    const { sessions: all, signedIn, exact } = await sessions.count();
    const sample = {
      at: sessions.backend.now(),
      sessions: all,
      signedIn,
      exact,
      took: performance.now() - began,
    };
    samples.push(sample);
    if (samples.length > terminal.columns) samples.shift();
    if (terminal.json)
      await terminal.print(
        JSON.stringify({ ...sample, at: isoText(sample.at), took: Math.round(sample.took) }),
      );
    else if (isScreen) {
      cursorTo(process.stdout, 0, 0);
      clearScreenDown(process.stdout);
      await terminal.print(screenOf(samples, shown, terminal.columns));
    } else await terminal.print(lineOf(samples));
    await Promise.race([interrupt.told, sleep(seconds * 1000, undefined, { ref: true })]);
  }
  return 0;
}

function screenOf(samples: readonly Sample[], shown: string, width: number): string {
  const last = samples.at(-1)!;
  const counts = samples.map(({ sessions }) => sessions);
  return [
    shown,
    `${isoText(last.at).slice(0, 19).replace("T", " ")} UTC`,
    "",
    lineOf(samples),
    graphOf(counts.slice(-width)),
    "",
    "Ctrl-C ends it.",
  ].join("\n");
}

function lineOf(samples: readonly Sample[]): string {
  const [first, last] = [samples[0]!, samples.at(-1)!];
  const about = last.exact ? "" : "about ";
  const users = last.signedIn === undefined ? "" : `, ${numberText(last.signedIn)} signed in`;
  const minutes = (last.at - first.at) / 60;
  const change = minutes === 0 ? 0 : (last.sessions - first.sessions) / minutes;
  const rate = samples.length < 2 ? "" : `, ${change < 0 ? "" : "+"}${numberText(change)} a minute`;
  return `${about}${numberText(last.sessions)} sessions${users}${rate}; the store took ${Math.round(last.took)} ms`;
}

function graphOf(counts: readonly number[]): string {
  const least = Math.min(...counts);
  const span = Math.max(...counts) - least;
  return counts
    .map((count) => BARS[span === 0 ? 0 : Math.round(((count - least) / span) * (BARS.length - 1))])
    .join("");
}
