import assert from "node:assert/strict";
import fc from "fast-check";
import { login, logout, rotate, type StateError, save, update } from "micropie";
import { replaceData } from "micropie/core/session";
import { Command, close, finish, mark, onOpen, outcome, perform } from "./_model-commands.ts";

const slot = fc.nat(3);
const key = fc.constantFrom("a", "b", "c");
const user = fc.constantFrom("ann", "bob");

const begins = fc.tuple(fc.nat(1), fc.option(fc.nat(5), { freq: 1 })).map(
  ([browser, old]) =>
    new Command(
      `begin(browser ${browser}, ${old === null ? "its cookie" : `cookie -${old + 1}`})`,
      async (model, real) => {
        const sessions = real.engines.find((engine) => real.slots.every((slot) => slot.sessions !== engine));
        if (sessions === undefined) return;
        const cookie = old === null ? real.jars[browser] : (real.given.at(-1 - old) ?? real.jars[browser]);
        const session = await sessions.load(cookie);
        const request = model.begin(cookie);
        assert.deepEqual({ ...session }, request.work);
        real.slots.push({ browser, sessions, session, model: request, held: undefined });
      },
    ),
);

const sets = fc.tuple(slot, key, fc.nat(3)).map(
  ([index, name, value]) =>
    new Command(
      `set(${index}, ${name}, ${value})`,
      onOpen(index, ({ session, model }) => {
        session[name] = value;
        model.work[name] = value;
      }),
    ),
);

const unsets = fc.tuple(slot, fc.option(key)).map(
  ([index, name]) =>
    new Command(
      `unset(${index}, ${name})`,
      onOpen(index, ({ session, model }) => {
        for (const one of name === null ? Object.keys(session) : [name]) {
          delete session[one];
          delete model.work[one];
        }
      }),
    ),
);

const emptys = slot.map(
  (index) =>
    new Command(
      `empty(${index})`,
      onOpen(index, ({ session, model }) => {
        replaceData(session, {});
        Object.assign(model, { work: {}, emptied: true });
      }),
    ),
);

const rotates = fc.tuple(slot, fc.boolean()).map(
  ([index, raise]) =>
    new Command(
      `rotate(${index}, ${raise})`,
      onOpen(index, (one) =>
        mark(one, () => rotate(one.session, raise ? "elevated" : undefined), { verb: "rotate", raise }),
      ),
    ),
);

const logins = fc.tuple(slot, user).map(
  ([index, userId]) =>
    new Command(
      `login(${index}, ${userId})`,
      onOpen(index, (one) => mark(one, () => login(one.session, userId), { verb: "login", userId })),
    ),
);

const destroys = slot.map(
  (index) =>
    new Command(
      `destroy(${index})`,
      onOpen(index, ({ session, model }) => {
        logout(session);
        Object.assign(model, { mark: { verb: "destroy" }, work: {} });
      }),
    ),
);

const updates = fc.tuple(slot, key, fc.boolean()).map(
  ([index, name, hold]) =>
    new Command(
      `update(${index}, ${name}, ${hold ? "held" : "at once"})`,
      onOpen(index, (one, model, real) =>
        perform(one, real, hold, async () => {
          const answer = await outcome(() => update(one.session, name, (n = 0) => n + 1));
          return () => {
            const failed = model.update(one.model, name, (n = 0) => n + 1);
            assert.equal(answer, failed ?? one.model.work[name]);
          };
        }),
      ),
    ),
);

const ends = fc.tuple(slot, fc.boolean()).map(
  ([index, hold]) =>
    new Command(
      `end(${index}, ${hold ? "held" : "at once"})`,
      onOpen(index, (one, model, real) => perform(one, real, hold, () => finish(one, model, real))),
    ),
);

const releases = slot.map(
  (index) =>
    new Command(`release(${index})`, async (_, real) => {
      const held = real.slots.filter((one) => one.held !== undefined);
      const one = held[index % held.length];
      if (one?.held === undefined) return;
      const { gate, answer } = one.held;
      gate.open();
      (await answer)();
      one.held = undefined;
    }),
);

const discards = slot.map(
  (index) =>
    new Command(
      `discard(${index})`,
      onOpen(index, async (one, _, real) => {
        await one.sessions.discard(one.session);
        close(one, real);
      }),
    ),
);

const saves = slot.map(
  (index) =>
    new Command(
      `save(${index})`,
      onOpen(index, async ({ session, model: request }, model) => {
        // Only where it makes no cookie: that would be known at the end of the request only.
        if (request.mark !== undefined || request.session === undefined) return;
        const told = await save(session).then(
          () => undefined,
          (error: StateError) => error.code,
        );
        model.commit(request, () => assert.fail("no cookie"));
        const isLost = request.over && Object.keys(request.work).length > 0;
        assert.equal(told, isLost ? "ended" : undefined);
      }),
    ),
);

const revokes = fc.nat(5).map(
  (index) =>
    new Command(`revoke(${index})`, async (model, real) => {
      const session = model.sessions.at(-1 - index);
      if (session === undefined) return;
      assert.equal(await real.engines[0]!.revoke({ handle: session.handle }), Number(model.alive(session)));
      session.deleted = true;
    }),
);

const revokeAlls = fc.tuple(user, fc.option(fc.nat(5))).map(
  ([userId, index]) =>
    new Command(`revokeAll(${userId}, but ${index})`, async (model, real) => {
      const except = index === null ? undefined : model.sessions.at(-1 - index);
      const ended = await real.engines[0]!.revoke({ userId, except: except?.handle });
      assert.equal(ended, model.revokeAll(userId, except));
      const listed = (await real.engines[0]!.list({ userId }).toArray()).map(({ handle }) => handle);
      assert.deepEqual(listed, except?.userId === userId && model.alive(except) ? [except.handle] : []);
    }),
);

const advances = fc.constantFrom(1, 5, 9, 10, 300, 300, 999, 1000).map(
  (seconds) =>
    new Command(`advance(${seconds})`, async (model, real) => {
      real.clock.advance(seconds);
      model.now += seconds;
    }),
);

const prunes = fc.constant(
  new Command("prune()", async (_, real) => {
    await real.engines[0]!.prune();
  }),
);

/** Every step that the model knows; what makes others possible comes more often. */
export const commands: fc.Arbitrary<Command>[] = [
  ...Array<typeof begins>(6).fill(begins),
  ...Array<typeof sets>(4).fill(sets),
  ...Array<typeof ends>(5).fill(ends),
  ...Array<typeof releases>(2).fill(releases),
  ...Array<typeof updates>(2).fill(updates),
  unsets,
  emptys,
  rotates,
  logins,
  destroys,
  discards,
  saves,
  revokes,
  revokeAlls,
  advances,
  prunes,
];
