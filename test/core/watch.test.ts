import { describe, expect, test, vi } from "vitest";
import type { EndChannel, EndListener, EndNotice } from "../../src/backends/backend.ts";
import { InMemorySessionBackend } from "../../src/backends/memory.ts";
import { createSessions, info, login, logout, rotate, type Sessions, save } from "../../src/index.ts";
import { type VirtualEnvironment, virtualEnvironment } from "../../src/testing/clock.ts";
import { GatedBackend } from "../../src/testing/gated-backend.ts";
import { newRecord } from "../backends/_records.ts";

type Data = { visits?: number };

/** A store without a channel. */
class Mute extends GatedBackend {
  override listen(): undefined {
    this.calls.push("listen");
  }
}

/** A store that two processes share, each with sessions of its own; time is virtual. */
function world(options: object = {}, Store: typeof GatedBackend = Mute) {
  const environment = virtualEnvironment();
  const store = new InMemorySessionBackend();
  store.environment = environment;
  const here = new Store(store);
  const there = new Store(store);
  const sessions = createSessions<Data>({ backend: here, environment, ...options });
  const elsewhere = createSessions<Data>({ backend: there, environment, ...options });
  return { environment, here, there, sessions, elsewhere };
}

async function begin(sessions: Sessions<Data>, userId?: string): Promise<{ cookie: string; handle: string }> {
  const session = await sessions.load();
  session.visits = 1;
  if (userId !== undefined) login(session, userId);
  const cookie = (await sessions.commit(session))!.split(";")[0]!;
  return { cookie, handle: info(session).handle! };
}

/** Moves time bit by bit, so that what is asked for is answered in between. */
async function pass(environment: VirtualEnvironment, seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= 0.05) {
    environment.advance(Math.min(0.05, left));
    await new Promise(setImmediate);
  }
}

describe("watch tells once why a session ended", () => {
  test("at once, if it was in this process", async () => {
    const { sessions } = world();
    const { cookie, handle } = await begin(sessions, "ann");
    const ends: string[] = [];
    sessions.watch({ handle }, ({ reason }) => ends.push(`handle ${reason}`));
    const session = await sessions.load(cookie);
    sessions.watch(session, ({ reason }) => ends.push(`session ${reason}`));
    await sessions.revoke({ handle });
    expect(ends.sort()).toEqual(["handle revoked", "session revoked"]);
    await sessions.revoke({ handle });
    expect(ends).toHaveLength(2);
  });

  test.each<[string, string, (elsewhere: Sessions<Data>, cookie: string) => Promise<unknown>]>([
    ["revoked", "a revocation of all", (elsewhere) => elsewhere.revoke({ userId: "ann" })],
    [
      "revoked",
      "a logout, of which the store keeps nothing",
      async (elsewhere, cookie) => {
        const session = await elsewhere.load(cookie);
        logout(session);
        await elsewhere.commit(session);
      },
    ],
    [
      "rights",
      "a sign-in",
      async (elsewhere, cookie) => {
        const session = await elsewhere.load(cookie);
        login(session, "ann");
        await elsewhere.commit(session);
      },
    ],
    [
      "rights",
      "an elevation",
      async (elsewhere, cookie) => {
        const session = await elsewhere.load(cookie);
        rotate(session, "elevated");
        await elsewhere.commit(session);
      },
    ],
  ])("%s: within a second of %s elsewhere", async (reason, _, end) => {
    const { sessions, elsewhere, environment } = world();
    const { cookie } = await begin(sessions, "ann");
    const session = await sessions.load(cookie);
    const onEnd = vi.fn();
    sessions.watch(session, onEnd);
    await pass(environment, 3);
    await end(elsewhere, cookie);
    expect(onEnd).not.toHaveBeenCalled();
    await pass(environment, 1);
    expect(onEnd.mock.calls).toEqual([[{ reason }]]);
  });

  test("a rotation with the same rights is no end", async () => {
    const { sessions, elsewhere, environment } = world();
    const { cookie } = await begin(sessions, "ann");
    const onEnd = vi.fn();
    sessions.watch(await sessions.load(cookie), onEnd);
    for (const rotating of [sessions, elsewhere]) {
      const session = await rotating.load(cookie);
      rotate(session);
      await rotating.commit(session);
      await pass(environment, 2);
    }
    expect(onEnd).not.toHaveBeenCalled();
  });

  test("expired: within a second of the idle deadline, which any process may have moved", async () => {
    const { sessions, elsewhere, environment } = world({ timeouts: { idle: 100 }, touchThrottle: 0 });
    const { cookie } = await begin(sessions);
    const session = await sessions.load(cookie);
    const onEnd = vi.fn();
    sessions.watch(session, onEnd);
    await pass(environment, 60);
    await elsewhere.commit(await elsewhere.load(cookie));
    await pass(environment, 99.9);
    expect(onEnd).not.toHaveBeenCalled();
    await pass(environment, 1);
    expect(onEnd.mock.calls).toEqual([[{ reason: "expired" }]]);
  });

  test("expired: within a second of the absolute deadline, also if it is kept alive", async () => {
    const { sessions, environment } = world({ timeouts: { idle: 20, absolute: 100 } });
    const { cookie } = await begin(sessions);
    const kept = vi.fn();
    const plain = vi.fn();
    sessions.watch(await sessions.load(cookie), kept, { keepAlive: true });
    sessions.watch({ handle: (await begin(sessions)).handle }, plain);
    await pass(environment, 21);
    expect(plain.mock.calls).toEqual([[{ reason: "expired" }]]);
    await pass(environment, 78.5);
    expect(kept).not.toHaveBeenCalled();
    await pass(environment, 1.5);
    expect(kept.mock.calls).toEqual([[{ reason: "expired" }]]);
  });

  test("revoked: at once for a handle that nobody has, and for one of another realm", async () => {
    const { sessions, there, environment } = world();
    const strangers = createSessions<Data>({ backend: there, environment, realm: "other" });
    const { handle } = await begin(strangers);
    const ends = vi.fn();
    sessions.watch({ handle: "AAAAAAAAAAAAAAAA" }, ends);
    sessions.watch({ handle: "no handle" }, ends);
    sessions.watch({ handle }, ends);
    await pass(environment, 0.1);
    expect(ends.mock.calls).toEqual(Array(3).fill([{ reason: "revoked" }]));
  });
});

describe("rights: an epoch never goes down", () => {
  async function elevated() {
    const made = world();
    const { cookie, handle } = await begin(made.sessions, "ann");
    const session = await made.sessions.load(cookie);
    rotate(session, "elevated");
    const line = await made.sessions.commit(session);
    const onEnd = vi.fn();
    const own = await made.sessions.load(line!.split(";")[0]!);
    made.sessions.watch(own, onEnd);
    return { ...made, handle, own, onEnd };
  }

  test("what another record says that has the same handle now is an end", async () => {
    const { there, environment, handle, onEnd } = await elevated();
    await pass(environment, 2);
    expect(onEnd).not.toHaveBeenCalled();
    await there.delete(handle);
    await there.create(handle, newRecord());
    await pass(environment, 1);
    expect(onEnd.mock.calls).toEqual([[{ reason: "rights" }]]);
  });

  test("an answer from before the request's own change of rights is none", async () => {
    const { here, sessions, environment, own, onEnd } = await elevated();
    const gate = here.hold("standings", "after");
    await pass(environment, 1);
    await gate.reached;
    rotate(own, "elevated");
    await sessions.commit(own);
    gate.open();
    await pass(environment, 3);
    expect(onEnd).not.toHaveBeenCalled();
  });
});

describe("without word from the store", () => {
  test("unreachable: after watchLease and not before, counted from the last word", async () => {
    const { sessions, here, environment } = world({ watchLease: 5, backendTimeout: 60 });
    const { cookie } = await begin(sessions);
    const onEnd = vi.fn();
    sessions.watch(await sessions.load(cookie), onEnd);
    await pass(environment, 2);
    void here.silence(["standings"]);
    await pass(environment, 3.9);
    expect(onEnd).not.toHaveBeenCalled();
    await pass(environment, 2.1);
    expect(onEnd.mock.calls).toEqual([[{ reason: "unreachable" }]]);
  });

  test("nothing ends if the store is back within the lease, and what ended meanwhile is told", async () => {
    const { sessions, elsewhere, here, environment } = world();
    const lives = vi.fn();
    const dies = vi.fn();
    sessions.watch({ handle: (await begin(sessions)).handle }, lives);
    const { handle } = await begin(sessions);
    sessions.watch({ handle }, dies);
    await pass(environment, 2);
    here.fail(["standings"]);
    await pass(environment, 1);
    await elsewhere.revoke({ handle });
    await pass(environment, 2.5);
    here.mend();
    await pass(environment, 1);
    expect(lives).not.toHaveBeenCalled();
    expect(dies.mock.calls).toEqual([[{ reason: "revoked" }]]);
  });

  test("unreachable: at once for a session that could not be read, with whenDown anonymous", async () => {
    const { sessions, here } = world({ whenDown: "anonymous" });
    const { cookie } = await begin(sessions);
    here.fail(["read"]);
    const onEnd = vi.fn();
    sessions.watch(await sessions.load(cookie), onEnd);
    await new Promise(setImmediate);
    expect(onEnd.mock.calls).toEqual([[{ reason: "unreachable" }]]);
  });

  test("a clock that is set forward or back ends nothing", async () => {
    const { sessions, environment } = world();
    const { handle } = await begin(sessions);
    const onEnd = vi.fn();
    sessions.watch({ handle }, onEnd);
    await pass(environment, 2);
    environment.advance(-3600);
    await pass(environment, 10);
    expect(onEnd).not.toHaveBeenCalled();
  });
});

/** A store whose channel the test holds in its hands. */
class Channeled extends GatedBackend {
  #listeners = new Set<EndListener>();
  opened = 0;
  isSilent = false;
  canOpen = true;

  override listen(listener: EndListener): EndChannel {
    this.calls.push("listen");
    if (!this.canOpen) throw new Error("no channel now");
    this.opened++;
    this.#listeners.add(listener);
    return {
      beat: (text) => void (this.isSilent || listener.heard(text)),
      close: () => void this.#listeners.delete(listener),
    };
  }

  tell(notice: EndNotice): void {
    for (const listener of this.#listeners) listener.told(notice);
  }

  lose(): void {
    for (const listener of [...this.#listeners]) listener.lost();
  }
}

describe("where a channel tells", () => {
  async function channeled(options: object = {}) {
    const made = world(options, Channeled);
    const here = made.here as Channeled;
    const { handle } = await begin(made.sessions);
    const onEnd = vi.fn();
    made.sessions.watch({ handle }, onEnd);
    await pass(made.environment, 60);
    here.forget();
    return { ...made, here, handle, onEnd };
  }

  test("a session is asked for once, and then no more", async () => {
    const { here, environment, onEnd } = await channeled();
    await pass(environment, 3600);
    expect(here.calls).toEqual([]);
    expect(onEnd).not.toHaveBeenCalled();
  });

  test("what is told ends the watch at once", async () => {
    const { here, handle, onEnd } = await channeled();
    here.tell({ handle: "AAAAAAAAAAAAAAAA", reason: "revoked" });
    here.tell({ handle, reason: "rights", epoch: 0 });
    expect(onEnd).not.toHaveBeenCalled();
    here.tell({ handle, reason: "logged_out" });
    here.tell({ handle, reason: "revoked" });
    expect(onEnd.mock.calls).toEqual([[{ reason: "logged_out" }]]);
  });

  test("the notice of a change of rights that this very request makes, before its own answer, is no end", async () => {
    const { sessions, here, environment } = world({}, Channeled);
    const { cookie, handle } = await begin(sessions, "ann");
    const session = await sessions.load(cookie);
    const onEnd = vi.fn();
    sessions.watch(session, onEnd);
    rotate(session, "elevated");
    const answer = here.hold("patch", "after");
    const committed = sessions.commit(session);
    await answer.reached;
    (here as Channeled).tell({ handle, reason: "rights", epoch: 1 });
    answer.open();
    await committed;
    await pass(environment, 2);
    expect(onEnd).not.toHaveBeenCalled();
    (here as Channeled).tell({ handle, reason: "rights", epoch: 2 });
    expect(onEnd.mock.calls).toEqual([[{ reason: "rights" }]]);
  });

  test("a channel that is lost is opened again, and everything is asked for meanwhile and once after", async () => {
    const { here, elsewhere, handle, environment, onEnd } = await channeled();
    here.canOpen = false;
    here.lose();
    await pass(environment, 3);
    expect(here.count("standings")).toBeGreaterThanOrEqual(3);
    here.canOpen = true;
    await pass(environment, 12);
    expect(here.opened).toBe(2);
    here.forget();
    await pass(environment, 60);
    expect(here.calls).toEqual([]);
    here.lose();
    await elsewhere.revoke({ handle });
    await pass(environment, 1);
    expect(onEnd.mock.calls).toEqual([[{ reason: "revoked" }]]);
  });

  test("a channel that is silent is another one within three seconds, and ends are asked for", async () => {
    const { here, elsewhere, handle, environment, onEnd } = await channeled();
    here.isSilent = true;
    await elsewhere.revoke({ handle });
    await pass(environment, 3.5);
    expect(onEnd.mock.calls).toEqual([[{ reason: "revoked" }]]);
    expect(here.opened).toBe(2);
  });

  test("the lease counts from the last beat: neither an old answer nor a silent channel shortens or prolongs it", async () => {
    const { here, environment, onEnd } = await channeled();
    here.isSilent = true;
    here.fail(["standings"]);
    await pass(environment, 4.2);
    expect(onEnd).not.toHaveBeenCalled();
    await pass(environment, 1.3);
    expect(onEnd.mock.calls).toEqual([[{ reason: "unreachable" }]]);
  });

  test("beats say nothing of a session whose deadline has passed: its lease counts from there", async () => {
    const { here, environment, onEnd } = await channeled({ timeouts: { idle: 100 } });
    await pass(environment, 30);
    here.fail(["standings"]);
    await pass(environment, 14);
    expect(onEnd).not.toHaveBeenCalled();
    await pass(environment, 2);
    expect(onEnd.mock.calls).toEqual([[{ reason: "unreachable" }]]);
  });

  test("the lease counts from the last beat of a channel that was lost", async () => {
    const { here, environment, onEnd } = await channeled();
    here.canOpen = false;
    here.fail(["standings"]);
    here.lose();
    await pass(environment, 4.2);
    expect(onEnd).not.toHaveBeenCalled();
    await pass(environment, 1.3);
    expect(onEnd.mock.calls).toEqual([[{ reason: "unreachable" }]]);
  });

  test("where notices may be lost, each session is asked for twice in a lease", async () => {
    class Lossy extends Channeled {
      override listen(listener: EndListener): EndChannel {
        return { ...super.listen(listener), mayMiss: true };
      }
    }
    const { sessions, elsewhere, here, environment } = world({}, Lossy);
    const { handle } = await begin(sessions);
    const onEnd = vi.fn();
    sessions.watch({ handle }, onEnd);
    await pass(environment, 5);
    here.forget();
    await pass(environment, 50);
    expect(here.count("standings")).toBeGreaterThanOrEqual(15);
    expect(here.count("standings")).toBeLessThanOrEqual(20);
    await elsewhere.revoke({ handle });
    await pass(environment, 3.5);
    expect(onEnd.mock.calls).toEqual([[{ reason: "revoked" }]]);
  });
});

describe("the request itself may go on changing its session", () => {
  test("its own sign-in, rotation and new beginning are no end; somebody else's are", async () => {
    const { sessions, elsewhere, environment } = world();
    const session = await sessions.load();
    const onEnd = vi.fn();
    sessions.watch(session, onEnd);
    session.visits = 1;
    await save(session);
    login(session, "ann");
    await save(session);
    rotate(session, "elevated");
    await save(session);
    login(session, "bob");
    const cookie = (await sessions.commit(session))!.split(";")[0]!;
    await pass(environment, 3);
    expect(onEnd).not.toHaveBeenCalled();
    const other = await elsewhere.load(cookie);
    login(other, "bob");
    await elsewhere.commit(other);
    await pass(environment, 1);
    expect(onEnd.mock.calls).toEqual([[{ reason: "rights" }]]);
  });

  test("its own logout is one", async () => {
    const { sessions } = world();
    const { cookie } = await begin(sessions, "ann");
    const session = await sessions.load(cookie);
    const onEnd = vi.fn();
    sessions.watch(session, onEnd);
    logout(session);
    expect(onEnd).not.toHaveBeenCalled();
    await sessions.commit(session);
    expect(onEnd.mock.calls).toEqual([[{ reason: "logged_out" }]]);
  });

  test("one that is never stored has no end", async () => {
    const { sessions, here, environment } = world();
    const session = await sessions.load();
    const onEnd = vi.fn();
    sessions.watch(session, onEnd);
    await sessions.commit(session);
    here.forget();
    await pass(environment, 10);
    expect(onEnd).not.toHaveBeenCalled();
    expect(here.count("standings")).toBe(0);
  });

  test("a request that began before a change of rights ends when it begins to watch", async () => {
    const { sessions, environment } = world();
    const { cookie } = await begin(sessions, "ann");
    const late = await sessions.load(cookie);
    const early = await sessions.load(cookie);
    const own = vi.fn();
    sessions.watch(early, own);
    rotate(early, "elevated");
    await sessions.commit(early);
    const onEnd = vi.fn();
    sessions.watch(late, onEnd);
    await pass(environment, 1);
    expect(onEnd.mock.calls).toEqual([[{ reason: "rights" }]]);
    expect(own).not.toHaveBeenCalled();
  });
});

describe("what watching costs", () => {
  test("one timer and one question for any number of sessions, and nothing after the last", async () => {
    const { sessions, here, environment } = world();
    const watches: Disposable[] = [];
    for (let n = 0; n < 1200; n++) {
      const { cookie } = await begin(sessions);
      watches.push(sessions.watch(await sessions.load(cookie), () => {}));
    }
    const timers = vi.spyOn(environment, "timer");
    here.forget();
    await pass(environment, 9);
    const asked = here.count("standings");
    expect(asked).toBeGreaterThanOrEqual(27);
    expect(asked).toBeLessThanOrEqual(39);
    // One every quarter of a second, and those between batches.
    expect(timers.mock.calls.length).toBeLessThan(36 + 2 * asked);
    expect(timers.mock.calls.every(([, , idle]) => idle === true)).toBe(true);
    for (const watch of watches) watch[Symbol.dispose]();
    here.forget();
    await pass(environment, 40);
    timers.mockClear();
    await pass(environment, 40);
    expect(here.calls).toEqual([]);
    // The memory back-end has one for what expires.
    expect(timers.mock.calls.filter(([seconds]) => seconds < 10)).toEqual([]);
  });

  test("a session is not prolonged, unless that is asked for; then twice in its idle timeout", async () => {
    const { sessions, here, environment } = world({ timeouts: { idle: 100, absolute: 1000 } });
    const onEnd = vi.fn();
    sessions.watch({ handle: (await begin(sessions)).handle }, onEnd, { keepAlive: true });
    here.forget();
    await pass(environment, 460);
    expect(onEnd).not.toHaveBeenCalled();
    expect(here.count("touch")).toBeGreaterThanOrEqual(8);
    expect(here.count("touch")).toBeLessThanOrEqual(10);
  });

  test("a disposed watch tells nothing", async () => {
    const { sessions } = world();
    const { cookie, handle } = await begin(sessions);
    const ends: number[] = [];
    const watches = [1, 2, 3].map((n) => sessions.watch({ handle }, () => ends.push(n)));
    watches[1]![Symbol.dispose]();
    watches[1]![Symbol.dispose]();
    sessions.watch(await sessions.load(cookie), () => ends.push(4))[Symbol.dispose]();
    await sessions.revoke({ handle });
    expect(ends.sort()).toEqual([1, 3]);
  });

  test("a listener that throws or rejects causes a warning, and the others are told", async () => {
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const { sessions } = world();
    const { handle } = await begin(sessions);
    const told = vi.fn();
    sessions.watch({ handle }, told);
    sessions.watch({ handle }, () => {
      throw new Error("one");
    });
    sessions.watch({ handle }, async () => {
      throw new Error("two");
    });
    await sessions.revoke({ handle });
    await new Promise(setImmediate);
    expect(told).toHaveBeenCalledTimes(1);
    expect(warned.mock.calls.map(([, options]) => options)).toEqual(
      Array(2).fill({ code: "MICROPIE_LISTENER_FAILED" }),
    );
    warned.mockRestore();
  });

  test("what is wrong is refused", async () => {
    const { sessions } = world();
    const session = await sessions.load();
    expect(() => sessions.watch(session, undefined as never)).toThrow(TypeError);
    expect(() => sessions.watch({ userId: "ann" } as never, () => {})).toThrow(TypeError);
    expect(() => sessions.watch({ ...session } as never, () => {})).toThrow(TypeError);
    expect(() => sessions.watch(session, () => {}, { keepalive: true } as never)).toThrow(/keepAlive/);
    expect(() => createSessions({ watchLease: 1 })).toThrow(/watchLease/);
    expect(() => createSessions({ watchLease: 5000 })).toThrow(/milliseconds/);
  });
});
