import assert from "node:assert/strict";
import fc from "fast-check";
import {
  createSessions,
  InMemorySessionBackend,
  info,
  login,
  logout,
  type SessionBackend,
  type SessionData,
  type Sessions,
} from "micropie";
import { gate } from "micropie/testing";
import { onEvent } from "micropie/testing/events";
import { describe, expect, test } from "vitest";
import { places } from "../_schedule.ts";
import { OldLibrary } from "./_old-library.ts";

const userId = (data: SessionData) => data.user as string;
const STEPS = new Set("read create patch touch delete listByUser revokeUser lock relock".split(" "));

/** The process of the request was killed. Nothing that it does afterwards reaches a store. */
class Killed extends Error {
  override readonly name = "Killed";
}

/** A server whose every step, in either store, waits for its turn; after so many of them it is killed. */
function server(
  backend: SessionBackend,
  old: OldLibrary,
  turn: (name: string) => Promise<void>,
  life = Number.POSITIVE_INFINITY,
): Sessions {
  let steps = 0;
  const step = async (name: string): Promise<void> => {
    if (steps >= life) throw new Killed(name);
    await turn(name);
    if (++steps > life) throw new Killed(name);
  };
  const stepwise = new Proxy(backend, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== "function") return method;
      if (!STEPS.has(String(name))) return method.bind(target);
      return async (...values: unknown[]) => {
        await step(String(name));
        return method.apply(target, values);
      };
    },
  });
  const legacy = old.options({ readers: [old.reader(step)] });
  return createSessions({ backend: stepwise, legacy, userIdOf: userId });
}

const alive = (error: unknown): undefined => {
  const { name } = new Killed();
  if (!(error instanceof Killed) && ((error as Error).cause as Error | undefined)?.name !== name) throw error;
};
const anonymous = (data: object): boolean => Object.keys(data).length === 0;

for (const stored of [true, false]) {
  describe(`moving from a library ${stored ? "with" : "without"} a store`, () => {
    test("killed after any single step, it is gone on with: one session, with everything", async () => {
      let steps = 0;
      for (let life = 0; ; life++) {
        const backend = new InMemorySessionBackend();
        const old = new OldLibrary({ stored });
        const cookie = old.visitor({ user: "ann", n: 1 });
        const handles: unknown[] = [];
        let done = false;
        const count = async (): Promise<void> => {
          steps += 1;
        };
        await (async () => {
          const sessions = server(backend, old, count, life);
          const session = await sessions.load(cookie);
          handles.push(info(session).handle);
          await sessions.commit(session);
          done = true;
        })().catch(alive);
        const sessions = createSessions({ backend, legacy: old.options(), userIdOf: userId });
        const session = await sessions.load(cookie);
        handles.push(info(session).handle);
        assert.deepEqual({ ...session }, { user: "ann", n: 1 }, `killed after ${life} steps`);
        const line = await sessions.commit(session);
        assert.deepEqual({ ...(await sessions.load(line?.split(";")[0])) }, { user: "ann", n: 1 });
        assert.equal(new Set(handles).size, 1);
        assert.equal((await sessions.list({ userId: "ann" }).toArray()).length, 1);
        assert.equal(old.records.size, stored ? 0 : 1);
        if (!done) continue;
        expect(life).toBeGreaterThan(8);
        break;
      }
      expect(steps).toBeGreaterThan(40);
    });
  });
}

test("killed after any single step of a replay that began before the end, it leaves nothing that opens", async () => {
  let killed = 0;
  for (let life = 4, over = false; !over; life++) {
    const backend = new InMemorySessionBackend();
    const old = new OldLibrary({ stored: false });
    const cookie = old.visitor({ user: "ann" });
    const storing = gate();
    let steps = 0;
    // Up to where it is about to store what it has read.
    const turn = async (): Promise<void> => {
      steps += 1;
      if (steps > 3) await storing.wait();
    };
    const late = server(backend, old, turn, life);
    const coming = (async () => late.load(cookie))().then(copyOf, (error) => {
      killed += 1;
      return alive(error) ?? {};
    });
    await storing.reached;
    const sessions = createSessions({ backend, legacy: old.options(), userIdOf: userId });
    const session = await sessions.load(cookie);
    logout(session);
    await sessions.commit(session);
    const before = killed;
    storing.open();
    assert.deepEqual(await coming, {});
    for (let time = 0; time < 2; time++) assert.deepEqual({ ...(await sessions.load(cookie)) }, {});
    assert.deepEqual(await sessions.list({ userId: "ann" }).toArray(), []);
    over = killed === before;
  }
  expect(killed).toBe(4);
});

const copyOf = (session: object): object => ({ ...session });

for (const name of Object.keys(places)) {
  describe(`first sights scheduled in any order on ${name}`, () => {
    const each = (
      numRuns: number,
      play: (
        world: { backend: SessionBackend; turn: (name: string) => Promise<void> } & Work,
      ) => Promise<void>,
    ) =>
      fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.array(fc.option(fc.nat(12), { nil: Number.POSITIVE_INFINITY }), { minLength: 2, maxLength: 4 }),
          fc.boolean(),
          async (schedule, lives, stored) => {
            const backend = places[name]!(async () => {});
            const turn = (step: string) => schedule.schedule(Promise.resolve(), step);
            const all: Work["all"] = (work) => schedule.waitFor(Promise.all(work));
            await play({ backend, turn, lives, stored, all });
            await backend.close();
          },
        ),
        { numRuns },
      );

    interface Work {
      /** After how many steps each request is killed. */
      readonly lives: readonly number[];
      readonly stored: boolean;
      all<T>(work: readonly Promise<T>[]): Promise<T[]>;
    }

    test(
      "they meet in one session, whoever is killed on the way",
      () =>
        each(300, async ({ backend, turn, lives, stored, all }) => {
          const old = new OldLibrary({ stored });
          const cookie = old.visitor({ user: "ann", n: 1 });
          const handles = new Set<unknown>();
          const request = async (life: number): Promise<void> => {
            const sessions = server(backend, old, turn, life);
            const session = await sessions.load(cookie);
            assert.deepEqual({ ...session }, { user: "ann", n: 1 });
            handles.add(info(session).handle);
            await sessions.commit(session);
          };
          await all(lives.map((life) => request(life).catch(alive)));
          const sessions = createSessions({ backend, legacy: old.options(), userIdOf: userId });
          const session = await sessions.load(cookie);
          assert.deepEqual({ ...session }, { user: "ann", n: 1 });
          handles.add(info(session).handle);
          assert.equal(handles.size, 1);
          assert.equal((await sessions.list({ userId: "ann" }).toArray()).length, 1);
          assert.equal(old.records.size, stored ? 0 : 1);
        }),
      60_000,
    );

    test(
      "after a logout or a sign-in of one of them, the old cookie stands for nothing",
      () =>
        each(300, async ({ backend, turn, lives, stored, all }) => {
          const old = new OldLibrary({ stored });
          const cookie = old.visitor({ user: "ann", n: 1 });
          const signIn = lives.length % 2 === 0;
          let over = 0;
          const adopted: number[] = [];
          const listen = onEvent("adopted", () => adopted.push(over));
          const request = async (life: number): Promise<void> => {
            const sessions = server(backend, old, turn, life);
            const ending = over;
            const session = await sessions.load(cookie);
            if (ending > 0) assert.ok(anonymous(session), "begun after the end, it found the session");
            await sessions.commit(session);
          };
          const last = async (): Promise<string | undefined> => {
            const sessions = server(backend, old, turn);
            const session = await sessions.load(cookie);
            const mine = !anonymous(session);
            if (signIn && mine) login(session, "bob");
            else if (!signIn) logout(session);
            const line = await sessions.commit(session);
            if (mine) over += 1;
            return mine && signIn ? line?.split(";", 1)[0] : undefined;
          };
          const [mine] = await all([
            last(),
            ...lives.map((life) => request(life).catch(alive) as Promise<undefined>),
          ]);
          listen();
          assert.equal(over, 1);
          assert.ok(adopted.length === 1 && adopted[0] === 0, "it came once, and not after its end");
          const sessions = createSessions({ backend, legacy: old.options(), userIdOf: userId });
          for (let time = 0; time < 2; time++) assert.deepEqual({ ...(await sessions.load(cookie)) }, {});
          assert.deepEqual(await sessions.list({ userId: "ann" }).toArray(), []);
          if (signIn) assert.deepEqual({ ...(await sessions.load(mine)) }, { user: "ann", n: 1 });
        }),
      60_000,
    );

    test(
      "after a logout that only carries the old cookie along, that stands for nothing either",
      () =>
        each(300, async ({ backend, turn, lives, stored, all }) => {
          const old = new OldLibrary({ stored });
          const cookie = old.visitor({ user: "ann", n: 1 });
          const quiet = createSessions({ backend, legacy: old.options(), userIdOf: userId });
          const other = await quiet.load(undefined);
          Object.assign(other, { user: "bob" });
          const mine = (await quiet.commit(other))!.split(";", 1)[0];
          const request = async (life: number): Promise<void> => {
            const sessions = server(backend, old, turn, life);
            await sessions.commit(await sessions.load(cookie));
          };
          const leave = async (): Promise<void> => {
            const sessions = server(backend, old, turn);
            const session = await sessions.load(`${mine}; ${cookie}`);
            assert.deepEqual({ ...session }, { user: "bob" });
            logout(session);
            await sessions.commit(session);
          };
          await all([leave(), ...lives.map((life) => request(life).catch(alive))]);
          for (const header of [cookie, mine]) assert.deepEqual({ ...(await quiet.load(header)) }, {});
          for (const user of ["ann", "bob"])
            assert.deepEqual(await quiet.list({ userId: user }).toArray(), []);
          assert.equal(old.records.size, stored ? 0 : 1);
        }),
      60_000,
    );
  });
}
