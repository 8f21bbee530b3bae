import type { BoundAnswer, BoundDue, DeviceStanding } from "../core/bound.ts";
import { publish } from "../core/events.ts";
import { type Binding, type Head, recall, remember } from "../core/head.ts";
import type { BoundSeam, Engine, Live, Stored } from "../core/live.ts";
import { aboutOf } from "../core/session.ts";
import { later } from "./answer.ts";
import { createBinding } from "./binding.ts";
import { createChallenge } from "./challenge.ts";
import type { Place } from "./place.ts";
import { unquoted } from "./proof.ts";
import { refresh } from "./refresh.ts";
import { OFFERED_FOR, register } from "./registration.ts";
import { shortIn, shortRemoval } from "./short-cookie.ts";

/** Seconds after an offer in which the browser is not offered to register again, because it may be about to. */
const REGISTERING = 10;

const UNBOUND: DeviceStanding = { is: "unbound", worn: false };
const BOUND: DeviceStanding = { is: "bound", worn: false };
const [LAPSED, LAPSED_WORN] = [false, true].map((worn): DeviceStanding => ({ is: "lapsed", worn }));
const [REFUSED, REFUSED_WORN] = [false, true].map((worn): DeviceStanding => ({ is: "refused", worn }));

/** Sessions that were offered to be bound in the request under way, until its response says so. */
const offered = new WeakSet<Live>();

/** Has the next response of a session's request offer to bind it. */
export function offer(live: Live): void {
  offered.add(live);
}

/** What binds the sessions of one engine. */
export class Seam implements BoundSeam {
  readonly path: string;
  readonly isElsewhere: BoundSeam["isElsewhere"];
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
    this.path = place.path;
    this.isElsewhere = place.isElsewhere;
  }

  signedIn(live: Live, head: Head): Head {
    // A token in a header is kept by a program, and no browser sends its short cookie.
    if (live.outbox.carrier === "header") return head;
    offer(live);
    return remember(head, { bound: createBinding(live.engine.backend.now()) });
  }

  judge(
    engine: Engine,
    { handle, record, head }: Stored,
    header: string | null | undefined,
    lenient: boolean,
  ): DeviceStanding | undefined {
    const { bound } = recall(head);
    if (bound === undefined) return undefined;
    const { cookie, unboundLife } = this.#place;
    if (bound.proved !== true) return record.now - bound.at < unboundLife ? UNBOUND : REFUSED;
    const short = shortIn(cookie.name, header, handle, bound, record.now);
    if (short === "valid") return BOUND;
    if (lenient) return short === "worn" ? LAPSED_WORN : LAPSED;
    publish(engine, "unproven", aboutOf(handle, record));
    return short === "worn" ? REFUSED_WORN : REFUSED;
  }

  due(live: Live, navigates: () => boolean, hasEnded: boolean): BoundDue | undefined {
    const { phase, beside } = live;
    const standing = beside?.standing;
    const isNew = offered.delete(live);
    if (!isNew && standing === undefined) return undefined;
    if (hasEnded || standing?.worn) return { lines: [shortRemoval(this.#place.cookie)], fields: [] };
    if (phase.is !== "stored" || !(isNew || (standing === UNBOUND && navigates()))) return undefined;
    const { bound } = recall(phase.head);
    if (bound === undefined) return undefined;
    if (isNew) this.#place.counts.signIns += 1;
    const age = phase.record.now - bound.at;
    return isNew || (age > REGISTERING && age < OFFERED_FOR) ? this.#offer(phase, bound) : undefined;
  }

  #offer({ handle, record }: Stored, bound: Binding): BoundDue {
    const { algorithms, path } = this.#place;
    const challenge = createChallenge(handle, bound, record.now);
    const value = `(${algorithms.join(" ")});path="${path}";challenge="${challenge}"`;
    return { lines: [], fields: [["Secure-Session-Registration", value]] };
  }

  async answer(engine: Engine, header: (name: string) => string | undefined): Promise<BoundAnswer> {
    const id = header("sec-secure-session-id");
    try {
      return id === undefined
        ? await register(engine, this.#place, header)
        : await refresh(engine, this.#place, unquoted(id), header("secure-session-response"));
    } catch {
      // The store is down, or others kept changing the session. An event has said so.
      return later();
    }
  }
}
