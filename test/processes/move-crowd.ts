import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { createSessions, info, login, type SessionBackend } from "micropie";
import type { SessionRecord } from "micropie/backends/backend";
import type { MoveFleet } from "./move-fleet.ts";
import { type Ask, insist, Visitor } from "./move-visitor.ts";
import { cookieOf } from "./rounds.ts";

/** What a crowd has done. */
export interface CrowdFigures {
  requests: number;
  /** Of a process that was killed meanwhile. */
  unanswered: number;
  /** Answered with 503. */
  unavailable: number;
  /** The most milliseconds that an answer took. */
  slowest: number;
  signIns: number;
  ends: number;
}

/** Users who sign in and out all the time. */
const USERS = 60;
/** Requests that may be under way at once. */
const MOST = 60;

/** Requests that are remembered. */
const MOST_TOLD = 50_000;

/** How often each thing is done, of a hundred. */
const ACTS = { count: 58, look: 16, note: 8, rotate: 3, arrive: 8, logOut: 4, revoke: 2, revokeUser: 1 };
type Act = keyof typeof ACTS;
const SHARES = (Object.keys(ACTS) as Act[]).flatMap((act) => Array<Act>(ACTS[act]).fill(act));

/** Users of an application whose sessions move: those who use it all the time, and many who come back later. */
export class MoveCrowd {
  readonly figures: CrowdFigures = {
    requests: 0,
    unanswered: 0,
    unavailable: 0,
    slowest: 0,
    signIns: 0,
    ends: 0,
  };
  #fleet: MoveFleet | undefined;
  readonly #all: Visitor[] = [];
  /** Those who make requests. The others sleep, and are ended from outside at most. */
  #active: Visitor[] = [];
  /** Users of whom somebody signs in now, and how many do; and those whose sessions are all being ended. */
  readonly #arriving = new Map<string, number>();
  readonly #revoking = new Set<string>();
  readonly #under = new Set<Promise<void>>();
  #failed: unknown;
  /** The last requests, for the story of a failure. */
  readonly #log: string[] = [];
  #running: Promise<void> | undefined;
  #isOver = false;

  /** Signs in users who then sleep. Every fifth one is nobody's. */
  async putToSleep(backend: SessionBackend, count: number): Promise<void> {
    const sessions = createSessions<{ count: number }>({ backend });
    let next = this.#all.length;
    const last = next + count;
    const some = async (): Promise<void> => {
      while (next < last) {
        const n = next++;
        const session = await sessions.load(undefined);
        session.count = n;
        const user = n % 5 === 0 ? undefined : `sleeper ${n % 200}`;
        if (user !== undefined) login(session, user);
        this.#all.push(new Visitor(cookieOf(await sessions.commit(session)), user, n));
      }
    };
    await Promise.all(Array.from({ length: 20 }, some));
  }

  /** Begins to send so many requests a second, whether the ones before were answered or not. */
  begin(fleet: MoveFleet, rate: number): void {
    this.#fleet = fleet;
    this.#isOver = false;
    this.#running = this.#go(rate);
  }

  /** Resolves when everything was answered. Throws the first thing that did not hold. */
  async rest(): Promise<void> {
    this.#isOver = true;
    await this.#running;
    while (this.#under.size > 0) await Promise.all(this.#under);
    this.check();
  }

  /** Throws the first thing that did not hold until now. */
  check(): void {
    if (this.#failed === undefined) return;
    const { message } = this.#failed as Error;
    const [, handle = "", user = ""] = /session (\S{16}) of (.*?) with/.exec(message) ?? [];
    const user_ = encodeURIComponent(user);
    const about = this.#log.filter(
      (line) => line.includes(handle) || line.endsWith(`user=${user_}`) || line.includes(`user=${user_} `),
    );
    throw new Error(`${message}\nWhat was asked:\n${about.slice(-60).join("\n")}`, { cause: this.#failed });
  }

  /** Judges every session by what the target tells of it, and by what both stores have. Returns how many are live and have ended. */
  async judge(target: SessionBackend, source: SessionBackend): Promise<{ live: number; ended: number }> {
    const sessions = createSessions<Record<string, unknown>>({ backend: target });
    let [live, ended] = [0, 0];
    const judgeOne = async (visitor: Visitor): Promise<void> => {
      const session = await sessions.load(visitor.cookie);
      visitor.judge({ user: info(session).userId, data: { ...session } });
      sessions.discard(session);
      if (visitor.isLive) live += 1;
      if (visitor.ended === undefined) return;
      ended += 1;
      for (const backend of [source, target])
        if (isSession(await backend.read(visitor.handle)))
          throw new Error(`the record of an ended session is there: ${visitor}`);
    };
    for (let at = 0; at < this.#all.length; at += 50)
      await Promise.all(this.#all.slice(at, at + 50).map(judgeOne));
    return { live, ended };
  }

  /** Acknowledged increments of those who are live. */
  get increments(): number {
    return this.#active.reduce((sum, { counted }) => sum + counted, 0);
  }

  async #go(rate: number): Promise<void> {
    const began = performance.now();
    for (let n = 0; !this.#isOver && this.#failed === undefined; n++) {
      const late = performance.now() - began - (n * 1000) / rate;
      if (late < 0) await pause(-late);
      if (this.#under.size >= MOST) await Promise.race(this.#under);
      const act = this.#act().catch((error: unknown) => {
        this.#failed ??= error;
      });
      this.#under.add(act);
      void act.finally(() => this.#under.delete(act));
    }
  }

  async #act(): Promise<void> {
    const act = this.#active.length < USERS ? "arrive" : one(SHARES);
    if (act === "arrive") return this.#arrive();
    if (act === "revokeUser") return this.#revokeUser();
    // From outside, those who sleep are ended too.
    const visitor = act === "revoke" ? one(this.#all.filter(({ isLive }) => isLive)) : one(this.#active);
    if (act === "revoke" || act === "logOut") {
      if (visitor.ending === undefined) this.figures.ends += 1;
      this.#forget(visitor);
      return visitor.end(this.#ask, act === "revoke");
    }
    await visitor[act](this.#ask);
    if (visitor.isLost) this.#forget(visitor);
  }

  async #arrive(): Promise<void> {
    const user = Math.random() < 0.2 ? undefined : `user ${Math.floor(Math.random() * USERS)}`;
    if (user !== undefined && this.#revoking.has(user)) return;
    const key = user ?? "";
    this.#arriving.set(key, (this.#arriving.get(key) ?? 0) + 1);
    const answer = await this.#ask(
      user === undefined ? "/arrive" : `/arrive?user=${encodeURIComponent(user)}`,
    );
    this.#arriving.set(key, this.#arriving.get(key)! - 1);
    if (answer?.status !== 200 || !answer.cookie) return;
    this.figures.signIns += 1;
    const visitor = new Visitor(answer.cookie, user);
    this.#all.push(visitor);
    this.#active.push(visitor);
  }

  /** Ends all sessions of a user of whom nobody is signing in at the moment. */
  async #revokeUser(): Promise<void> {
    const { user } = one(this.#all.filter((each) => each.isLive && each.user !== undefined));
    if (user === undefined || this.#revoking.has(user) || (this.#arriving.get(user) ?? 0) > 0) return;
    this.#revoking.add(user);
    const theirs = this.#all.filter((each) => each.user === user && each.ended === undefined);
    for (const visitor of theirs) {
      visitor.ending ??= performance.now();
      this.#forget(visitor);
    }
    this.figures.ends += theirs.length;
    await insist(this.#ask, `/revoke?user=${encodeURIComponent(user)}`);
    for (const visitor of theirs) visitor.ended ??= performance.now();
    this.#revoking.delete(user);
  }

  readonly #ask: Ask = async (path, cookie) => {
    const began = performance.now();
    const answer = await this.#fleet!.ask(path, cookie);
    const { figures } = this;
    figures.requests += 1;
    figures.slowest = Math.max(figures.slowest, performance.now() - began);
    if (answer === undefined) figures.unanswered += 1;
    else if (answer.status === 503) figures.unavailable += 1;
    else if (answer.said === undefined && answer.status !== 409)
      this.#failed ??= new Error(`${path} was answered with ${answer.status}`);
    const whose = `${(cookie || (answer?.cookie ?? "")).slice(11, 27)} ${path}`;
    this.#log.push(
      `${Math.round(began)}-${Math.round(performance.now())} ${whose} ${answer?.status} ${answer?.build}`,
    );
    if (this.#log.length > MOST_TOLD) this.#log.splice(0, MOST_TOLD / 10);
    return answer;
  };

  /** Those who have left are asked now and then whether they are let in again. */
  #forget(visitor: Visitor): void {
    this.#active = this.#active.filter((each) => each !== visitor || Math.random() < 0.3);
    if (this.#active.filter(({ isLive }) => !isLive).length > USERS / 2)
      this.#active = this.#active.filter(({ isLive }) => isLive);
  }
}

/** What has expired may be there until it is pruned: also the place that was reserved for a session which ended just then. */
function isSession(record: SessionRecord | undefined): boolean {
  return record !== undefined && record.expiresAt > record.now && !record.secretHash.includes(".");
}

function one<T>(of: readonly T[]): T {
  return of[Math.floor(Math.random() * of.length)]!;
}
