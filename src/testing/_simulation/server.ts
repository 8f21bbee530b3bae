import { fetchSessions } from "../../adapters/fetch.ts";
import { type SessionBackend, toBackend } from "../../backends/backend.ts";
import { info } from "../../core/info.ts";
import type { LegacySeam } from "../../core/live.ts";
import type { AnyData, Session } from "../../core/register.ts";
import { createSessions, type Sessions } from "../../core/sessions.ts";
import type { Environment } from "../../environment.ts";
import { endWithSession } from "../../sockets/end-with-session.ts";
import type { SessionEndedError } from "../../sockets/signal.ts";
import type { Chance } from "./chance.ts";
import { handle } from "./handler.ts";
import type { History, Visited, Watched } from "./history.ts";
import type { Journal } from "./journal.ts";
import type { Caller, Network } from "./network.ts";
import type { MovingStore, Place, SimulatedStore } from "./place.ts";
import type { Settings } from "./plan.ts";
import type { Schedule } from "./schedule.ts";
import { slowSchema } from "./slow-schema.ts";

/** What all servers of a world share. */
export interface Site {
  readonly schedule: Schedule;
  readonly network: Network;
  readonly store: SimulatedStore & Partial<Pick<MovingStore, "move">>;
  readonly settings: Settings;
  readonly history: History;
  readonly journal: Journal;
  readonly chance: Chance;
  /** Seconds by which the clocks of all servers have jumped. */
  readonly clock: { ahead: number };
  /** The sessions of another library that move here, if the world has such. */
  readonly legacy: ((place: Place) => LegacySeam) | undefined;
}

/** How long one call of the store may take, in seconds. */
const DEADLINE = 5;

type Serve = (request: Request, visited: Visited) => Promise<Response>;

/** Calls of a place as a driver makes them, with a deadline of its own; those of an engine have one anyway. */
function inTime({ call, environment }: Place): Place["call"] {
  return (...args) => {
    const { promise, reject } = Promise.withResolvers<never>();
    const cancel = environment.timer(2 * DEADLINE, () => reject(new Error("the store does not answer")));
    return Promise.race([call(...args), promise]).finally(cancel);
  };
}

/** One run of a server: from its start to its crash. */
export interface Run extends Caller {
  readonly sessions: Sessions<AnyData>;
  /** Returns another application on the same store. */
  readonly strangers: () => Sessions<AnyData>;
  readonly serve: Serve;
  /** Moves all sessions to the other store, if there are two. */
  readonly move: () => Promise<unknown>;
  readonly watches: Watched[];
  readonly crashed: (() => void)[];
}

/** One server of a world: the engine and the fetch adapter as an application has them. */
export class Server {
  readonly index: number;
  readonly #site: Site;
  #run: Run;

  constructor(index: number, site: Site) {
    this.index = index;
    this.#site = site;
    this.#run = this.#start();
  }

  /** Undefined while it is down. */
  get sessions(): Sessions<AnyData> | undefined {
    return this.#run.isAlive ? this.#run.sessions : undefined;
  }

  /** Stops where it is: what it has asked the store may still happen, and no answer comes back. */
  crash(): void {
    const run = this.#run;
    if (!run.isAlive) return;
    run.isAlive = false;
    for (const watch of run.watches) watch.crashed = this.#site.schedule.now;
    for (const tell of run.crashed) tell();
  }

  /** Stands still for so many seconds, as a process that is stopped, and then goes on as if nothing had been. */
  stall(seconds: number): void {
    this.#run.stalledUntil = this.#site.schedule.now + seconds;
  }

  restart(): void {
    if (!this.#run.isAlive) this.#run = this.#start();
  }

  /** Runs `work`, or returns undefined as soon as the server crashes. */
  async unlessCrashed<T>(work: (run: Run) => Promise<T>): Promise<T | undefined> {
    const run = this.#run;
    if (!run.isAlive) return undefined;
    const { promise, resolve } = Promise.withResolvers<undefined>();
    run.crashed.push(() => resolve(undefined));
    return Promise.race([work(run), promise]);
  }

  /** Answers a request, and notes what came of it. */
  async answer(visited: Visited, cookie: string | undefined): Promise<void> {
    const { schedule, history } = this.#site;
    const headers: Record<string, string> = visited.plan.exclusive ? { "x-exclusive": "1" } : {};
    if (cookie !== undefined) headers.cookie = cookie;
    const { serve } = this.#run;
    const response = await this.unlessCrashed(async () => {
      try {
        return await serve(new Request("https://site.test/", { headers }), visited);
      } catch (error) {
        history.errors.push(String(error));
        return new Response(null, { status: 500 });
      }
    });
    if (response === undefined) {
      visited.crashed = true;
      return;
    }
    visited.answered = schedule.now;
    visited.status = response.status;
    visited.lines = response.headers.getSetCookie();
  }

  #start(): Run {
    const { settings, store, legacy } = this.#site;
    const run: Caller & { watches: Watched[]; crashed: (() => void)[] } = {
      server: this.index,
      isAlive: true,
      stalledUntil: 0,
      watches: [],
      crashed: [],
    };
    const place = this.#placeOf(run);
    const backend: SessionBackend = toBackend(store.open(place));
    const { environment } = place;
    const common = { backend, environment, backendTimeout: DEADLINE, cookie: { prefix: "" as const } };
    const sessions = createSessions<AnyData>({
      ...common,
      timeouts: { idle: settings.idle, absolute: settings.absolute },
      touchThrottle: settings.throttle,
      rotationGrace: settings.grace,
      lock: { ttl: settings.lockTtl },
      onReuse: settings.onReuse,
      ...(settings.perUser === undefined ? {} : { perUser: settings.perUser, onLimit: settings.onLimit }),
      ...(legacy === undefined ? {} : { legacy: legacy(place) }),
      ...(settings.schema ? { schema: slowSchema(environment) } : {}),
    });
    const strangers = (): Sessions<AnyData> => createSessions<AnyData>({ ...common, realm: "strangers" });
    const serve = this.#serveWith(sessions, environment, run);
    const move = async (): Promise<unknown> => store.move?.({ ...place, call: inTime(place) });
    return Object.assign(run, { sessions, strangers, serve, move });
  }

  #serveWith(
    sessions: Sessions<AnyData>,
    environment: Environment,
    run: Caller & { watches: Watched[] },
  ): Serve {
    const { schedule, history, settings } = this.#site;
    const now = (): number => schedule.now;
    const watch = (session: Session<AnyData>, { id }: Visited): void => {
      const { handle } = info(session);
      const watched: Watched = { handle, visit: id, server: this.index, begun: now() };
      history.watches.push(watched);
      run.watches.push(watched);
      const over = (reason: string): void => {
        watched.ended = { at: now(), reason };
        this.#site.journal.say(
          `server ${this.index} hears that ${this.#site.journal.session(handle)} has ended: ${reason}`,
        );
      };
      if (id % 2 === 0) sessions.watch(session, ({ reason }) => over(reason));
      // As a stream or a job that ends with the session.
      else endWithSession({ abort: (error) => over((error as SessionEndedError).reason) }, session);
    };
    const around = { environment, now, watch, brief: settings.brief };
    return fetchSessions<AnyData, [Visited]>(
      sessions,
      async (_, session, visited) => {
        await handle(session, visited, around);
        visited.handled = now();
        return new Response(null, { status: 204 });
      },
      {
        exclusive: (request) => request.headers.has("x-exclusive"),
        onError: (error) => void history.errors.push(String(error)),
      },
    );
  }

  #placeOf(run: Caller): Place {
    const { schedule, network, settings, chance, clock } = this.#site;
    const environment: Environment = {
      now: () => schedule.now + settings.drift[this.index]! + clock.ahead,
      random: chance.next,
      timer(seconds, work) {
        let isCanceled = false;
        // What was due while the server stood still may be canceled before it runs.
        const wake = (): void => network.wake(run, () => isCanceled || work());
        const cancel = schedule.after(seconds, wake);
        return () => {
          isCanceled = true;
          cancel();
        };
      },
    };
    return {
      environment,
      server: this.index,
      call: (name, step, kind = "write", again = false) => network.call(run, name, step, kind, again),
      hear: (tell, lost) => network.hear(run, tell, lost),
    };
  }
}
