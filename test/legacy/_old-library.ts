import { hash } from "node:crypto";
import type { Awaitable, LegacySeam, SessionData } from "micropie";
import { type LegacyCookie, type LegacyOptions, type LegacyReader, moveSessions } from "micropie/legacy/move";

/** A session library of long ago: `old=<id>.genuine` is a cookie that it signed itself. */
export class OldLibrary {
  /** By id. In a library without a store they are in the cookie, and never end. */
  readonly records: Map<string, SessionData> = new Map();
  /** What it was asked, in order. */
  readonly calls: ("find" | "read" | "end")[] = [];
  /** What it fails at, as a store that is down. */
  readonly broken: Set<"read" | "end"> = new Set();
  readonly #stored: boolean;
  readonly #known: boolean;

  /** `stored`: whether it has a store; `known`: whether anything tells its sessions from one another. */
  constructor({ stored = true, known = true }: { stored?: boolean; known?: boolean } = {}) {
    this.#stored = stored;
    this.#known = known;
  }

  /** Somebody who is signed in there; answers the cookie. */
  visitor(data: SessionData, id: string = crypto.randomUUID()): string {
    this.records.set(id, data);
    return `old=${id}.genuine`;
  }

  /** What the new engine asks it with; each question waits for `step`. */
  reader(step: (name: string) => Awaitable<void> = () => {}): LegacyReader {
    return {
      removal: ["old=; Path=/; Max-Age=0", "old.sig=; Path=/; Max-Age=0"],
      find: (header) => {
        this.calls.push("find");
        return [...header.matchAll(/(?:^|;\s*)old=([^;.]*)\.genuine/g)].map(([, id]) =>
          this.#cookie(id!, step),
        );
      },
    };
  }

  options(more: Partial<LegacyOptions> = {}): LegacySeam {
    return moveSessions({
      readers: [this.reader()],
      until: new Date(Date.now() + 30 * 86_400_000),
      ...more,
    });
  }

  count(call: "find" | "read" | "end"): number {
    return this.calls.filter((each) => each === call).length;
  }

  #cookie(id: string, step: (name: string) => Awaitable<void>): LegacyCookie {
    return {
      fingerprint: this.#known ? hash("sha256", `the old secret ${id}`, "base64url") : undefined,
      read: async () => {
        await step("old read");
        this.#ask("read");
        const data = this.records.get(id);
        return data && { data };
      },
      end: async () => {
        await step("old end");
        this.#ask("end");
        if (this.#stored) this.records.delete(id);
      },
    };
  }

  #ask(call: "read" | "end"): void {
    this.calls.push(call);
    if (this.broken.has(call)) throw new Error("the old store is down");
  }
}
