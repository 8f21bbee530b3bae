import { type History, handleIn, type Operated, type Visited } from "./history.ts";
import { type Step, TURNING } from "./plan.ts";

/** What is not known to be over may still happen for this many seconds: a call that is late, a client that sends it again. */
export const LATE = 30;

/** The steps by which a session may end. */
const ENDING: ReadonlySet<Step["do"]> = new Set<Step["do"]>(["empty", "unset", "take", "logout"]);

/** The steps that save what was before them. */
export const AT_ONCE: ReadonlySet<Step["do"]> = new Set<Step["do"]>(["save", "update", "take", "exclusive"]);

/** Something that may end a session, or change its id or its rights. */
export interface Turn {
  readonly visit: Visited | undefined;
  readonly does: Step["do"] | Operated["plan"]["verb"];
  readonly begun: number;
  /** From then on it has happened, or never will. */
  readonly over: number;
  /** Whether it may end the session, and not only change it. */
  readonly ends: boolean;
  /** Whether it was acknowledged. */
  readonly isSure: boolean;
}

/** What a history says, arranged for judges. */
export class Facts {
  readonly history: History;
  /** The answers that gave a token, by token. */
  readonly givenBy: Map<string, Visited> = new Map();
  /** Everybody who may ever have signed in with a session. */
  readonly users: Map<string, Set<string>> = new Map();
  /** Whether anything breaks in this world. */
  readonly isCalm: boolean;
  readonly #turns = new Map<string, Turn[]>();
  readonly #visits = new Map<string, Visited[]>();

  constructor(history: History) {
    this.history = history;
    const { weather, actions } = history.plan;
    this.isCalm =
      weather.lost + weather.unanswered + weather.late === 0 && actions.every(({ is }) => is !== "fault");
    for (const visit of history.visits) this.#note(visit);
    for (const operated of history.operations)
      for (const handle of this.handles) {
        if (this.#isMeant(operated, handle)) push(this.#turns, handle, this.#revocation(operated, handle));
      }
  }

  /** Seconds by which what happens to a session may differ from the real time. */
  get slack(): number {
    return this.history.clocks + this.history.onItsWay;
  }

  /** Whether a session of another library may have come again after its end, because a client has sent the first step again. */
  mayComeAgain(handle: string, end: number): boolean {
    return (
      this.history.repeats.some((at) => at > end) &&
      this.visits(handle).some(({ broughtLegacy }) => broughtLegacy)
    );
  }

  /** Every session that anybody has seen, or got a token of. */
  get handles(): Iterable<string> {
    return this.#visits.keys();
  }

  /** The requests that had to do with this session. */
  visits(handle: string): readonly Visited[] {
    return this.#visits.get(handle) ?? [];
  }

  /** The requests that found this session. */
  found(handle: string): readonly Visited[] {
    return this.visits(handle).filter(({ seen }) => seen?.handle === handle);
  }

  turns(handle: string): readonly Turn[] {
    return this.#turns.get(handle) ?? [];
  }

  /** When the session was known to have ended; undefined if it was not. Acknowledgments that the store lost do not count. */
  endedAt(handle: string): number | undefined {
    const sure = this.turns(handle).filter(
      (turn) => turn.isSure && turn.ends && !this.isLost(turn.begun, turn.over),
    );
    return sure.length === 0 ? undefined : Math.min(...sure.map(({ over }) => over));
  }

  /** Whether something may have ended it that began before this time; a deadline apart. */
  mayHaveEnded(handle: string, before: number, but?: Visited): boolean {
    const { settings } = this.history.plan;
    const isEnded = this.turns(handle).some(
      ({ begun, ends, visit }) => begun <= before && ends && (visit === undefined || visit !== but),
    );
    // A sign-in of the same user may have ended it, and so may an old id.
    const isLimited = settings.perUser !== undefined && this.users.has(handle);
    const isReused = settings.onReuse === "revoke" && this.turns(handle).some(({ ends }) => !ends);
    return (
      isEnded ||
      isLimited ||
      isReused ||
      this.#mayHaveEndedAsOld(handle, before, but) ||
      this.history.losses.some(({ from }) => from <= before)
    );
  }

  /** Who comes with a cookie of another library, and ends the own session, ends also the one that has moved here with that cookie. */
  #mayHaveEndedAsOld(handle: string, before: number, but: Visited | undefined): boolean {
    if (!this.visits(handle).some(({ broughtLegacy }) => broughtLegacy)) return false;
    return this.history.visits.some(
      (visit) =>
        visit !== but &&
        visit.broughtLegacy &&
        visit.begun <= before &&
        visit.plan.steps.some(({ do: does }) => does === "login" || ENDING.has(does)),
    );
  }

  /** Whether the store may have forgotten what it did between these times. */
  isLost(from: number, to: number): boolean {
    return this.history.losses.some((loss) => loss.from <= to && loss.to >= from);
  }

  /** Whether a request was answered as done, and nothing that it wrote was reported as dropped. */
  isStored(visit: Visited): boolean {
    const { begun, answered, handled, status = 0 } = visit;
    if (answered === undefined || handled === undefined || status >= 400) return false;
    return !this.isLost(begun, answered) && !this.#isDropped(visit);
  }

  /** Whether an event said, while a request ran, that something was dropped. */
  #isDropped({ begun, answered = Number.POSITIVE_INFINITY }: Visited): boolean {
    return this.history.heard.some(({ name, at }) => name === "discarded" && at >= begun && at <= answered);
  }

  /** Until when a session surely lives if nothing ends it: from what is known to have moved its deadlines. */
  aliveUntil(handle: string, before: number): number {
    const { absolute, throttle, ...settings } = this.history.plan.settings;
    const idle = this.visits(handle).some(isBrief) ? settings.brief : settings.idle;
    let created = Number.POSITIVE_INFINITY;
    let moved = 0;
    for (const visit of this.visits(handle)) {
      const gave = visit.given !== undefined && handleIn(visit.given) === handle;
      // What comes from elsewhere may have been brought by a request before, which got no answer.
      if (gave && !visit.broughtLegacy && visit.begun < before) {
        created = Math.min(created, visit.begun);
        moved = Math.max(moved, visit.begun);
      }
    }
    for (const { begun, answered, status = 0 } of this.found(handle)) {
      // Who has found it before it was given to anybody has a part of its life behind.
      created = Math.min(created, begun);
      // Where nothing breaks, each request moves the deadline.
      if (this.isCalm && answered !== undefined && answered < before && status < 400)
        moved = Math.max(moved, begun - throttle);
    }
    return Math.min(moved + idle, created + absolute) - this.slack - 1;
  }

  #note(visit: Visited): void {
    // Several requests that bring a session from elsewhere get the same token.
    const isNew = visit.given !== undefined && !this.givenBy.has(visit.given);
    if (visit.given !== undefined) this.givenBy.set(visit.given, visit);
    for (const handle of handlesOf(visit)) {
      push(this.#visits, handle, visit);
      let isTurn = false;
      for (const [index, { do: does, ...step }] of visit.plan.steps.entries()) {
        if ("user" in step) this.users.set(handle, (this.users.get(handle) ?? new Set()).add(step.user));
        // What was saved has happened, whatever became of the rest.
        const isSaved = visit.plan.steps.slice(index + 1).some((later) => AT_ONCE.has(later.do));
        const ends = ENDING.has(does) && (does === "logout" || isSaved || !visit.left);
        if (!TURNING.has(does) && !ends) continue;
        // What was sent again may have happened the first time, and have been dropped the second.
        const isNot = isNone(visit, handle) && !this.#isDropped(visit);
        if (!ends && !isSaved && (isNot || (visit.given !== undefined && !isNew))) continue;
        const turn = turnOf(visit, does, handle, ends);
        // A session whose rights changed before is over for its request, which then ends nothing.
        const isSure = turn.isSure && !(ends && this.#isDropped(visit));
        push(this.#turns, handle, { ...turn, isSure });
        isTurn = true;
      }
      // A session that came from elsewhere, or was made anew.
      if (
        !isTurn &&
        visit.given !== undefined &&
        handleIn(visit.given) === handle &&
        visit.seen?.handle === handle
      )
        push(this.#turns, handle, turnOf(visit, "rotate", handle, false));
    }
  }

  #isMeant({ plan: { verb, user }, handle: meant }: Operated, handle: string): boolean {
    const isUsers = this.users.get(handle)?.has(user) ?? false;
    if (verb === "revoke") return meant === handle;
    if (verb === "revokeUser") return isUsers;
    return verb === "revokeOthers" && isUsers && meant !== handle;
  }

  /** A revocation of all ends what was known to be the user's before it began. */
  #revocation({ plan: { verb }, begun, done }: Operated, handle: string): Turn {
    const isUsers = (): boolean =>
      this.users.get(handle)?.size === 1 &&
      this.turns(handle).some(
        (turn) =>
          turn.does === "login" && turn.isSure && turn.over < begun && !this.isLost(turn.begun, begun),
      );
    const isSure = done !== undefined && (verb === "revoke" || isUsers());
    const over = done ?? Number.POSITIVE_INFINITY;
    return { visit: undefined, does: verb, begun, over, ends: true, isSure };
  }
}

/** Whether a request signs in with the shorter idle timeout. */
export function isBrief({ plan }: Visited): boolean {
  return plan.steps.some((step) => step.do === "login" && step.brief);
}

function handlesOf({ sent, seen, given }: Visited): Set<string> {
  const handles = [sent && handleIn(sent), seen?.handle, given && handleIn(given)];
  return new Set(handles.filter((handle) => handle !== undefined));
}

/** Whether a request is known to have changed no id of this session: it was answered, and got none. */
function isNone({ answered, status = 0, given }: Visited, handle: string): boolean {
  const isDone = answered !== undefined && status < 400;
  return isDone && (given === undefined || handleIn(given) !== handle);
}

function turnOf(visit: Visited, does: Step["do"], handle: string, ends: boolean): Turn {
  const { answered, status = 0, seen, lines, given, begun } = visit;
  const isDone = answered !== undefined && status < 400;
  const isRemoved = lines.some((line) => line.startsWith("session_id=;"));
  const isEnded = seen?.handle === handle && (does === "logout" || isRemoved);
  const isTurned = given !== undefined && handleIn(given) === handle;
  const isSure = isDone && (ends ? isEnded : isTurned);
  const over = answered === undefined ? Number.POSITIVE_INFINITY : isDone ? answered : answered + LATE;
  return { visit, does, begun, over, ends, isSure };
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
