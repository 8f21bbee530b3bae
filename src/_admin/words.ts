import { type Html, html } from "../app/html.ts";
import type { Device } from "../core/device.ts";
import { plain } from "../core/plain.ts";

const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
] as const;

/** Returns a time, such as "2026-01-01 12:00:00 UTC". */
export function moment(at: number): Html {
  const iso = new Date(at * 1000).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
}

/** Returns how far away a time is: "3 minutes ago", "in 2 days". */
export function distance(at: number, now: number): Html {
  const seconds = Math.abs(at - now);
  const [unit, size] = UNITS.find(([, each]) => seconds >= each) ?? ["second", 1];
  const count = Math.floor(seconds / size);
  const words = seconds < 5 ? "now" : `${count} ${unit}${count === 1 ? "" : "s"}`;
  const text = words === "now" ? words : at <= now ? `${words} ago` : `in ${words}`;
  return html`<time datetime="${new Date(at * 1000).toISOString()}">${text}</time>`;
}

/** Returns what a session is used with, in words. */
export function deviceText({ name, browser, platform, userAgent }: Device): string {
  const [program = browser, system = platform] = browser === undefined ? namesIn(userAgent) : [];
  const kind = [program, system].filter(Boolean).join(" on ") || userAgent;
  const text = [name, kind].filter(Boolean).join(", ");
  return text === "" ? "Unknown device" : shown(text);
}

/** What browsers and systems are called in a User-Agent; what others claim to be too comes last. */
const BROWSERS = [
  ["Edge", /Edg/],
  ["Opera", /OPR\//],
  ["Samsung Internet", /SamsungBrowser/],
  ["Firefox", /Firefox|FxiOS/],
  ["Chrome", /Chrome|CriOS/],
  ["Safari", /Safari/],
] as const;
const SYSTEMS = [
  ["iPhone", /iPhone/],
  ["iPad", /iPad/],
  ["Android", /Android/],
  ["Windows", /Windows/],
  ["macOS", /Mac OS X/],
  ["ChromeOS", /CrOS/],
  ["Linux", /Linux/],
] as const;

/** Most browsers name themselves in no Client Hint. */
function namesIn(userAgent = ""): (string | undefined)[] {
  return [BROWSERS, SYSTEMS].map((list) => list.find(([, sign]) => sign.test(userAgent))?.[0]);
}

/** Returns a text of a user or a browser, without what turns lines around, and not too long. */
export function shown(text: string, most = 120): string {
  const whole = text.split("\n").map(plain).join("\n");
  return whole.length > most ? `${whole.slice(0, most)}…` : whole;
}

/** Returns a number for people: "1,234", "0.25". */
export function figure(value: number): string {
  const digits = value === 0 || value >= 100 ? 0 : value >= 1 ? 1 : 2;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** Returns "1 session" or "2 sessions". */
export function sessionsText(count: number): string {
  return `${figure(count)} ${count === 1 ? "session" : "sessions"}`;
}
