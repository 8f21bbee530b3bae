import { hash } from "node:crypto";
import type { Schedule } from "./schedule.ts";

const TOKEN = /[\w-]{48}/g;
const HANDLE = /\b[\w-]{16}\b/g;

/** What happened in a world, one sentence after the other, each with its time. */
export class Journal {
  readonly #schedule: Schedule;
  readonly #start: number;
  readonly #lines: string[] = [];
  /** What tokens and handles are called: session 1, its cookie 2. */
  readonly #names = new Map<string, string>();
  readonly #cookies = new Map<string, number>();
  #sessions = 0;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
    this.#start = schedule.now;
  }

  say(text: string): void {
    this.#lines.push(`${(this.#schedule.now - this.#start).toFixed(4)} s: ${text}`);
  }

  /** The name of a token, or of nothing. */
  token(token: string | undefined): string {
    if (token === undefined) return "no cookie";
    const session = this.session(token.slice(0, 16));
    let name = this.#names.get(token);
    if (name === undefined) {
      const number = (this.#cookies.get(session) ?? 0) + 1;
      this.#cookies.set(session, number);
      name = `cookie ${number} of ${session}`;
      this.#names.set(token, name);
    }
    return name;
  }

  /** The name of a handle, or of nothing. */
  session(handle: string | undefined): string {
    if (handle === undefined) return "no session";
    let name = this.#names.get(handle);
    if (name === undefined) {
      name = `session ${++this.#sessions}`;
      this.#names.set(handle, name);
    }
    return name;
  }

  /** A text in which tokens and handles have their names. */
  named(text: string): string {
    return text
      .replace(TOKEN, (token) => (this.#names.has(token) ? this.token(token) : token))
      .replace(HANDLE, (handle) => this.#names.get(handle) ?? handle);
  }

  get lines(): readonly string[] {
    return this.#lines;
  }

  /** The same for two plays of one plan, and only then. */
  get trace(): string {
    return hash("sha256", this.#lines.join("\n"), "base64url").slice(0, 22);
  }
}
