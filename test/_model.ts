import {
  blank,
  changes,
  type ModelRequest,
  type ModelSession,
  type Refusal,
  stored,
} from "./_model-request.ts";

/**
 * What sessions are, written down once more in the plainest way: one thing after the other, objects in memory.
 * The model test holds the library against this.
 */
export const IDLE = 1000;
export const ABSOLUTE = 3000;
export const GRACE = 10;

export class Model {
  now: number;
  readonly sessions: ModelSession[] = [];

  constructor(now: number) {
    this.now = now;
  }

  alive(session: ModelSession): boolean {
    return !session.deleted && this.now < session.expires;
  }

  begin(cookie: string | undefined): ModelRequest {
    const session = this.sessions.find((one) => one.cookie === cookie || one.previous?.cookie === cookie);
    const request = blank(cookie !== undefined, this.now);
    if (cookie === undefined || session === undefined || !this.alive(session)) return request;
    const { previous } = session;
    const old = session.cookie !== cookie && previous !== undefined;
    if (old && this.now >= previous.until) return request;
    if (old && previous.epoch !== session.epoch) return { ...request, superseded: true };
    return {
      ...request,
      grace: old,
      session,
      work: { ...session.data },
      base: { ...session.data },
      version: session.version,
      epoch: session.epoch,
      cookie: session.cookie,
      userId: session.userId,
      expires: session.expires,
      absolute: session.absolute,
    };
  }

  /** `learn` answers the session's handle and cookie if the library made a new one. */
  commit(request: ModelRequest, learn: () => { handle: string; cookie: string }): Refusal | undefined {
    const { mark, session, work } = request;
    if (request.over && !(request.lives && mark?.verb === "destroy")) return;
    if (mark?.verb === "destroy") return this.end(request);
    const login = mark?.verb === "login";
    const empty = Object.keys(work).length === 0;
    if (session === undefined) {
      if ((empty || request.superseded) && !login) return;
      return this.create(request, learn);
    }
    if (request.grace && login) return this.create(request, learn);
    if (request.grace && mark?.verb === "rotate" && mark.raise) return "id_replaced";
    const due = mark?.verb === "rotate" && !mark.raise && request.grace ? undefined : mark;
    if (empty && !login) {
      if (request.emptied) {
        const rights = this.alive(session) && session.epoch === request.epoch;
        return rights ? this.end(request) : this.lose(request);
      }
      const drained = Object.keys(request.base).length > 0 ? request.version : request.drained;
      if (drained !== undefined && request.userId === null) {
        if (drained !== -1 && this.alive(session) && session.version === drained) return this.end(request);
        return due === undefined ? this.save(request) : this.rotate(request, due, learn);
      }
    }
    if (due !== undefined) return this.rotate(request, due, learn);
    if (changes(request.base, work).length > 0) return this.save(request);
    const deadline = Math.min(request.readAt + IDLE, request.absolute);
    if (deadline <= request.expires) return;
    request.expires = deadline;
    if (this.alive(session)) this.touch(session);
    return;
  }

  update(
    request: ModelRequest,
    key: string,
    change: (value: number | undefined) => number,
  ): "ended" | undefined {
    const { session } = request;
    if (request.over || request.mark?.verb === "destroy") return "ended";
    if (session === undefined) {
      request.work[key] = change(request.work[key]);
      return;
    }
    if (!this.alive(session) || session.epoch !== request.epoch) {
      this.lose(request);
      return "ended";
    }
    const known = request.version === session.version;
    session.data[key] = change(session.data[key]);
    session.version += 1;
    this.prolong(request, session);
    request.work[key] = session.data[key];
    if (known) request.base = { ...session.data };
    else request.base[key] = session.data[key];
    request.version = known ? session.version : -1;
    request.drained = undefined;
    return;
  }

  revokeAll(userId: string, except?: ModelSession): number {
    const ended = this.sessions.filter((one) => one.userId === userId && one !== except && this.alive(one));
    for (const session of ended) session.deleted = true;
    return ended.length;
  }

  private touch(session: ModelSession): void {
    session.expires = Math.max(session.expires, Math.min(this.now + IDLE, session.absolute));
  }

  private end(request: ModelRequest): undefined {
    const { session } = request;
    request.over = true;
    request.lives = false;
    if (session === undefined) {
      if (request.presented && !request.superseded) request.owes = "removal";
      return;
    }
    request.owes = this.alive(session) ? "removal" : undefined;
    session.deleted = true;
  }

  private lose(request: ModelRequest): undefined {
    request.over = true;
    request.owes = undefined;
    request.lives = request.session !== undefined && this.alive(request.session);
  }

  private create(request: ModelRequest, learn: () => { handle: string; cookie: string }): undefined {
    const { mark, work } = request;
    const { handle, cookie } = learn();
    const session: ModelSession = {
      handle,
      data: { ...work },
      userId: mark?.verb === "login" ? mark.userId : null,
      epoch: 0,
      version: 1,
      cookie,
      previous: undefined,
      absolute: this.now + ABSOLUTE,
      expires: this.now + IDLE,
      deleted: false,
    };
    this.sessions.push(session);
    const { userId, absolute, expires } = session;
    Object.assign(request, {
      grace: false,
      session,
      userId,
      absolute,
      expires,
      cookie,
      epoch: 0,
      readAt: this.now,
      owes: "cookie",
    });
    stored(request, 1);
  }

  private save(request: ModelRequest): undefined {
    const session = request.session!;
    if (!this.alive(session) || session.epoch !== request.epoch) return this.lose(request);
    this.apply(request, session);
  }

  private apply(request: ModelRequest, session: ModelSession): void {
    for (const key of changes(request.base, request.work)) {
      const value = request.work[key];
      if (value === undefined) delete session.data[key];
      else session.data[key] = value;
    }
    const known = session.version === request.version;
    session.version += 1;
    this.prolong(request, session);
    stored(request, known ? session.version : -1);
  }

  /** What stores something moves the deadline, so that the request has no need to. */
  private prolong(request: ModelRequest, session: ModelSession): void {
    this.touch(session);
    request.expires = Math.max(request.expires, Math.min(request.readAt + IDLE, request.absolute));
  }

  private rotate(
    request: ModelRequest,
    mark: { verb: "rotate"; raise: boolean } | { verb: "login"; userId: string },
    learn: () => { handle: string; cookie: string },
  ): Refusal | undefined {
    const session = request.session!;
    const login = mark.verb === "login";
    const raise = login || mark.raise;
    if (!this.alive(session)) {
      this.lose(request);
      return login ? "ended" : undefined;
    }
    if (session.epoch !== request.epoch || session.cookie !== request.cookie) {
      if (login) return this.create(request, learn);
      if (raise && session.epoch === request.epoch) return "id_replaced";
      return raise ? this.lose(request) : this.save(request);
    }
    this.apply(request, session);
    const { cookie } = learn();
    session.previous = { cookie: session.cookie, epoch: session.epoch, until: this.now + GRACE };
    session.cookie = cookie;
    request.cookie = cookie;
    request.owes = "cookie";
    if (raise) session.epoch += 1;
    request.epoch = session.epoch;
    if (!login) return;
    session.userId = mark.userId;
    request.userId = mark.userId;
    session.absolute = this.now + ABSOLUTE;
    session.expires = this.now + IDLE;
    request.absolute = request.readAt + ABSOLUTE;
    request.expires = request.readAt + IDLE;
    return;
  }
}
