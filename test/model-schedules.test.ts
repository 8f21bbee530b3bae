import assert from "node:assert/strict";
import fc from "fast-check";
import { info, login, logout, rotate, type Session, StateError, take, update } from "micropie";
import { plainUser } from "micropie/core/realm";
import { onEvent } from "micropie/testing/events";
import { describe, expect, test } from "vitest";
import { cookieOf, type Data, handleOf, type Place, places, run } from "./_schedule.ts";

/** What a request may be at when the session ends; what it answers is not the point. */
const ACTS: Record<string, (session: Session<Data>) => unknown> = {
  write: (session) => Object.assign(session, { a: 2 }),
  remove: (session) => delete session.a,
  read: (session) => session.a,
  rotate: (session) => rotate(session),
  raise: (session) => rotate(session, "elevated"),
  login: (session) => login(session, "bob"),
  update: (session) => update(session, "n", (n) => Number(n ?? 0) + 1),
  flash: (session) => take(session, "notice"),
};

for (const name of Object.keys(places)) {
  describe(`requests scheduled in any order on ${name}`, () => {
    const each = (
      numRuns: number,
      play: (place: Place, ...values: never[]) => Promise<void>,
      ...more: fc.Arbitrary<unknown>[]
    ) =>
      fc.assert(
        fc.asyncProperty(fc.scheduler(), ...more, (schedule: fc.Scheduler, ...values: unknown[]) =>
          run(name, schedule, (place) => play(place, ...(values as never[]))),
        ),
        { numRuns },
      );

    test("1,000 times: a request held across a logout never brings the session back", async () => {
      let ended = 0;
      const acts = fc.array(fc.constantFrom(...Object.keys(ACTS)), { minLength: 1, maxLength: 5 });
      await each(
        1000,
        async (place, names: string[], revoked: boolean) => {
          const cookie = await place.visit({ a: 1, notice: "hello" }, "ann");
          const handle = handleOf(cookie);
          const events: string[] = [];
          const listen = (["logged_out", "revoked", "rotated"] as const).map((event) =>
            onEvent(event, (about) => about.handle === handle && events.push(event)),
          );
          const request = async (act: (session: Session<Data>) => unknown): Promise<void> => {
            const on = place.server();
            const session = await on.load(cookie);
            try {
              await act(session);
              await on.commit(session);
            } catch (error) {
              if (!(error instanceof StateError) || !["ended", "id_replaced"].includes(error.code))
                throw error;
            }
          };
          const end = revoked
            ? place
                .server()
                .revoke({ handle })
                .then(() => {})
            : request(logout);
          await place.all([...names.map((act) => request(ACTS[act]!)), end]);
          for (const stop of listen) stop();
          const at = events.findIndex((event) => event !== "rotated");
          if (at === -1) return;
          ended += 1;
          assert.deepEqual(events.slice(at + 1), [], "nothing happens to a session that is over");
          assert.deepEqual(await place.read(cookie), {});
          assert.equal(await place.backend.read(handle), undefined);
          for (const user of ["ann", "bob"]) {
            assert.ok(
              (await place.quiet().list({ userId: user }).toArray()).every(
                (session) => session.handle !== handle,
              ),
            );
          }
        },
        acts,
        fc.boolean(),
      );
      expect(ended).toBeGreaterThan(700);
    });

    test(
      "whoever writes a key of its own finds it kept",
      () =>
        each(
          200,
          async (place, count: number, rotating: number) => {
            const cookie = await place.visit({ n: 0 });
            const open = await place.all(
              Array.from({ length: count }, async () => {
                const on = place.server();
                return { on, session: await on.load(cookie) };
              }),
            );
            const lines = await place.all(
              open.map(async ({ on, session }, n) => {
                session[`key${n}`] = n;
                if (n < rotating) rotate(session);
                return on.commit(session);
              }),
            );
            const given = lines.filter((line) => line !== undefined);
            assert.equal(given.length, Math.min(1, rotating, count), "of racing rotations one wins");
            const data = await place.read(cookieOf(given[0]) ?? cookie);
            assert.equal(Object.keys(data).length, count + 1);
          },
          fc.integer({ min: 2, max: 6 }),
          fc.nat(3),
        ),
      60_000,
    );

    test(
      "every increment counts, and one reader gets the message",
      () =>
        each(
          100,
          async (place, count: number) => {
            const cookie = await place.visit({ n: 0, notice: "once" });
            const notices = await place.all(
              Array.from({ length: count }, async () => {
                const on = place.server();
                const session = await on.load(cookie);
                await update(session, "n", (n) => Number(n) + 1);
                const notice = await take(session, "notice");
                await on.commit(session);
                return notice;
              }),
            );
            assert.deepEqual(await place.read(cookie), { n: count });
            assert.deepEqual(
              notices.filter((notice) => notice !== undefined),
              ["once"],
            );
          },
          fc.integer({ min: 2, max: 4 }),
        ),
      60_000,
    );

    test(
      "a revocation of all ends every sign-in that was stored before it, and lists the rest",
      () =>
        each(
          200,
          async (place, count: number) => {
            const cookies = await Promise.all(Array.from({ length: count }, (_, n) => place.visit({ n })));
            const signIn = async (cookie: string | undefined): Promise<string> => {
              const on = place.server();
              const session = await on.load(cookie);
              login(session, "ann");
              return cookieOf(await on.commit(session))!;
            };
            const revoking = place.server().revoke({ userId: "ann" });
            const given = await place.all([...cookies.map(signIn), signIn(undefined)]);
            const [ended] = await place.all([revoking]);
            const listed = await place.quiet().list({ userId: "ann" }).toArray();
            assert.equal(ended! + listed.length, count + 1);
            for (const cookie of given) {
              const session = await place.quiet().load(cookie);
              const signedIn = info(session).userId === "ann";
              assert.equal(
                listed.some(({ handle }) => handle === handleOf(cookie)),
                signedIn,
              );
            }
          },
          fc.integer({ min: 1, max: 3 }),
        ),
      60_000,
    );

    test(
      "whoever signs in again as somebody else is listed where the session belongs, whatever is revoked",
      () =>
        each(
          500,
          async (place, count: number, users: string[], revoked: string[]) => {
            const cookies = await Promise.all(
              Array.from({ length: count }, (_, n) => place.visit({ n }, "ann")),
            );
            const signIns = async (): Promise<void> => {
              let cookie: string | undefined = cookies[0];
              for (const user of users) {
                const on = place.server();
                const session = await on.load(cookie);
                login(session, user);
                cookie = cookieOf(await Promise.resolve(on.commit(session)).catch(() => undefined)) ?? cookie;
              }
            };
            await place.all([
              signIns(),
              ...revoked.map(async (user) => void (await place.server().revoke({ userId: user }))),
            ]);
            for (const user of ["ann", "bob"]) {
              const listed = (await place.quiet().list({ userId: user }).toArray()).map(
                ({ handle }) => handle,
              );
              const records = await Promise.all(
                cookies.map(async (cookie) => place.backend.read(handleOf(cookie))),
              );
              const owned = cookies
                .map(handleOf)
                .filter((_, n) => plainUser(records[n]?.userId ?? null) === user);
              assert.deepEqual(
                owned.filter((handle) => !listed.includes(handle)),
                [],
                `${user}'s sessions are listed`,
              );
            }
          },
          fc.constant(3),
          fc.constant(["bob", "ann"]),
          fc.constant(["ann"]),
        ),
      60_000,
    );
  });
}
