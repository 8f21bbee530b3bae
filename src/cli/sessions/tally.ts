import type { ListedSession } from "../../core/listed.ts";
import { plain } from "../../core/plain.ts";
import { deviceText } from "./shown.ts";
import { numberText } from "./words.ts";

const AGES = [
  ["within a minute", 60],
  ["within an hour", 3600],
  ["within a day", 86_400],
  ["within a week", 604_800],
  ["longer ago", Number.POSITIVE_INFINITY],
] as const;
const TOP = 5;
/** More devices than this are not told apart, so that memory stays bounded. */
const MOST_DEVICES = 10_000;

/** What sessions are like, counted one by one. */
export class Tally {
  readonly #seen = new Set<string>();
  readonly #users = new Map<string, number>();
  readonly #created = new Map<string, number>();
  readonly #used = new Map<string, number>();
  readonly #devices = new Map<string, number>();
  #signedIn = 0;

  add(session: ListedSession, now: number): void {
    const { handle, userId, createdAt, lastSeenAt, device } = session;
    if (this.#seen.has(handle)) return;
    this.#seen.add(handle);
    if (userId !== undefined) {
      this.#signedIn += 1;
      raise(this.#users, userId);
    }
    raise(this.#created, bucketOf(now - createdAt));
    raise(this.#used, bucketOf(now - lastSeenAt));
    const name = deviceText(device) || "unknown";
    raise(this.#devices, this.#devices.size < MOST_DEVICES || this.#devices.has(name) ? name : "others");
  }

  toJSON(): object {
    return {
      sessions: this.#seen.size,
      signedIn: this.#signedIn,
      users: this.#users.size,
      mostOfOneUser: Math.max(0, ...most(this.#users, 1).map(([, count]) => count)),
      lastSeen: Object.fromEntries(ordered(this.#used)),
      created: Object.fromEntries(ordered(this.#created)),
      devices: Object.fromEntries(most(this.#devices, TOP)),
    };
  }

  text(): string {
    const about = this.toJSON() as {
      sessions: number;
      signedIn: number;
      users: number;
      mostOfOneUser: number;
    };
    const heads: [string, number][] = [
      ["sessions", about.sessions],
      ["signed in", about.signedIn],
      ["users", about.users],
      ["most of one user", about.mostOfOneUser],
    ];
    const parts = [
      ["", heads],
      ["LAST SEEN", ordered(this.#used)],
      ["CREATED", ordered(this.#created)],
      ["DEVICE AT SIGN-IN", most(this.#devices, TOP)],
    ] as const;
    return parts
      .filter(([, rows]) => rows.length > 0)
      .map(([title, rows]) => [...(title === "" ? [] : ["", title]), ...rows.map(lineOf)].join("\n"))
      .join("\n");
  }
}

function lineOf([name, count]: readonly [string, number]): string {
  const shown = plain(name);
  return `${(shown.length > 40 ? `${shown.slice(0, 39)}…` : shown).padEnd(42)}${numberText(count).padStart(10)}`;
}

function raise(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

function bucketOf(age: number): string {
  return AGES.find(([, most]) => age < most)![0];
}

function ordered(counts: ReadonlyMap<string, number>): [string, number][] {
  return AGES.flatMap(([name]) => (counts.has(name) ? [[name, counts.get(name)!] as [string, number]] : []));
}

function most(counts: ReadonlyMap<string, number>, many: number): [string, number][] {
  return [...counts].sort(([, one], [, other]) => other - one).slice(0, many);
}
