import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { until } from "../_until.ts";
import { DEADLINE, type Site } from "./site.ts";

/** Store calls that one request may make one after the other: read, and what `update` or the commit needs. */
const CALLS = 3;
/** Milliseconds that a machine may add, and how much more where its processes have to wait for each other. */
const SLACK = 1500;
const LAGS = 20;

export interface Answer {
  readonly at: number;
  readonly status: number;
}

/** Somebody who uses the site, one request after the other, and knows what it has promised. */
export class Visitor {
  readonly #site: Site;
  #cookie = "";
  #visits = 0;
  #maybe = 0;
  #notes = 0;
  readonly #kept = new Set<string>();
  #loggedOut: "no" | "maybe" | "yes" = "no";
  readonly answers: Answer[] = [];

  constructor(site: Site) {
    this.#site = site;
  }

  /** Gets a session, as soon as the store is ready for it. */
  async arrive(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(`${this.#site.url}/hello`);
      if (response.status === 503 && attempt < 1000) continue;
      assert.equal(response.status, 200);
      this.#cookie = response.headers.getSetCookie()[0]!.split(";", 1)[0]!;
      return;
    }
  }

  /** Counts, or writes a key of its own. Fails if the answer is late, or not what was promised before. */
  async use(): Promise<void> {
    if (this.answers.length % 2 === 0) await this.#hit();
    else await this.#note();
  }

  async logOut(): Promise<void> {
    const { status } = await this.#get("/logout");
    if (this.#loggedOut !== "yes") this.#loggedOut = status === 200 ? "yes" : "maybe";
  }

  /** With the store whole again: everything that was answered 200 is there, and who has logged out is out. */
  async check(): Promise<void> {
    // On a busy machine a store that is whole may be late, too.
    const { status, data } = await until(async () => {
      const answer = await this.#get("/");
      assert.notEqual(answer.status, 503);
      return answer;
    });
    if (this.#loggedOut === "yes") {
      assert.equal(status, 401, "a session that was logged out is back");
      return;
    }
    if (this.#loggedOut === "maybe" && status === 401) return;
    assert.equal(status, 200, "somebody was logged out");
    this.#checkVisits(Number(data.visits), 0);
    for (const note of this.#kept) assert.equal(data[note], 1, `${note} was answered 200 and is lost`);
  }

  async #hit(): Promise<void> {
    const { status, data } = await this.#get("/hit");
    if (status === 200) this.#checkVisits(Number(data.visits), 1);
    else this.#maybe++;
  }

  async #note(): Promise<void> {
    const note = `note${this.#notes++}`;
    const { status } = await this.#get(`/note?n=${note.slice(4)}`);
    if (status === 200) this.#kept.add(note);
  }

  /** Not less than was promised, and not more than was asked for. */
  #checkVisits(visits: number, added: number): void {
    assert.ok(visits >= this.#visits + added, `${visits} visits after ${this.#visits} were promised`);
    assert.ok(visits <= this.#visits + added + this.#maybe, `${visits} visits, more than were asked for`);
    this.#maybe -= visits - this.#visits - added;
    this.#visits = visits;
  }

  async #get(path: string): Promise<{ status: number; data: Record<string, unknown> }> {
    const begun = performance.now();
    const response = await fetch(this.#site.url + path, { headers: { cookie: this.#cookie } });
    const text = await response.text();
    const { status } = response;
    const milliseconds = performance.now() - begun;
    this.answers.push({ at: performance.now(), status });
    const most = CALLS * DEADLINE * 1000 + SLACK + LAGS * this.#site.lag();
    assert.ok(milliseconds < most, `${path} took ${milliseconds} ms, more than ${most}`);
    const expected = this.#loggedOut === "no" ? [200, 503] : [200, 401, 503];
    assert.ok(expected.includes(status), `${path} was answered ${status}: ${text}`);
    return { status, data: status === 200 ? (JSON.parse(text) as Record<string, unknown>) : {} };
  }
}
