import assert from "node:assert/strict";
import { info } from "../../core/info.ts";
import { take } from "../../core/take.ts";
import { update } from "../../core/update.ts";
import { login, rotate } from "../../core/verbs.ts";
import { assertFound, assertGone, type Case, found, handleIn } from "../world.ts";

/** Lets other requests go on. */
const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Several servers on one store. What two of them do at once is decided by the store. */
export const serverCases: readonly Case[] = [
  {
    promise: "C1",
    name: "fifty concurrent requests that write fifty keys keep all fifty, on one server and on four",
    async run(world) {
      for (const servers of [1, 4]) {
        const ann = await world.visitor({ visits: 1 });
        const engines = Array.from({ length: servers }, () => world.sessions());
        await Promise.all(
          Array.from({ length: 50 }, async (_, n) => {
            const session = await engines[n % servers]!.load(ann.cookie);
            await pause();
            session[`key${n}`] = n;
            await engines[n % servers]!.commit(session);
          }),
        );
        const keys = Object.keys(await found(ann)).length;
        assert.equal(keys, 51, `how many keys fifty requests leave (servers: ${servers})`);
      }
    },
  },
  {
    promise: "C2",
    name: "200 concurrent increments on four servers count 200",
    async run(world) {
      const ann = await world.visitor({ visits: 0 });
      const engines = Array.from({ length: 4 }, () => world.sessions());
      await Promise.all(
        Array.from({ length: 200 }, async (_, n) => {
          const session = await engines[n % 4]!.load(ann.cookie);
          await update(session, "visits", (visits = 0) => visits + 1);
          await engines[n % 4]!.commit(session);
        }),
      );
      await assertFound(ann, { visits: 200 });
    },
  },
  {
    promise: "R4",
    name: "of 50 increments by requests and 50 by an operator, on two servers, all 100 count",
    async run(world) {
      const ann = await world.visitor({ visits: 0 });
      const [one, other] = [world.sessions(), world.sessions()];
      const which = { handle: handleIn(ann) };
      const next = (visits = 0): number => visits + 1;
      await Promise.all(
        Array.from({ length: 50 }, async () => {
          const session = await one.load(ann.cookie);
          await Promise.all([update(session, "visits", next), other.update(which, "visits", next)]);
        }),
      );
      await assertFound(ann, { visits: 100 });
    },
  },
  {
    promise: "C4",
    name: "of two concurrent rotations one wins; the other sends no cookie, and its data is kept",
    async run(world) {
      for (const side of ["before", "after"] as const) {
        const ann = await world.visitor({ visits: 1 });
        const one = await ann.begin();
        const two = await ann.begin();
        rotate(one);
        rotate(two);
        one.name = "one";
        two.color = "two";
        const gate = world.store.hold("patch", side);
        const first = world.sessions().commit(one);
        await gate.reached;
        const second = await world.sessions().commit(two);
        gate.open();
        const lines = [await first, second].filter((line) => line !== undefined);
        assert.equal(lines.length, 1, "how many of two rotations send a cookie");
        ann.receive(lines[0]);
        await assertFound(ann, { visits: 1, name: "one", color: "two" });
      }
    },
  },
  {
    promise: "C4",
    name: "after two concurrent sign-ins of one session, the cookie of each answer is signed in",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      const lines = await Promise.all(
        ["ann", "bob"].map(async (userId) => {
          const on = world.sessions();
          const session = await on.load(ann.cookie);
          login(session, userId);
          return { userId, line: await on.commit(session) };
        }),
      );
      for (const { userId, line } of lines) {
        const visitor = world.browser();
        visitor.receive(line);
        const user = await visitor.request((session) => info(session).userId);
        assert.equal(user, userId, "the user who is signed in with the cookie of this sign-in");
      }
    },
  },
  {
    promise: "C7",
    name: "requests for exclusive use run one at a time, on one server and on three",
    async run(world) {
      const ann = await world.visitor({ visits: 0 });
      const engines = [world.sessions(), world.sessions(), world.sessions()];
      let running = 0;
      await Promise.all(
        Array.from({ length: 12 }, async (_, n) => {
          const on = engines[n % 3]!;
          const session = await on.load(ann.cookie, { exclusive: true });
          running += 1;
          assert.equal(running, 1, "how many requests use the session exclusively at a time");
          const before = session.visits ?? 0;
          await pause();
          session.visits = before + 1;
          running -= 1;
          await on.commit(session);
        }),
      );
      await assertFound(ann, { visits: 12 });
    },
  },
  {
    promise: "C8",
    name: "of ten concurrent requests on two servers, exactly one reads a flash message",
    async run(world) {
      const ann = await world.visitor({ visits: 1 });
      await ann.request((session) => {
        session.notice = "saved!";
      });
      const engines = [world.sessions(), world.sessions()];
      const read = await Promise.all(
        Array.from({ length: 10 }, async (_, n) => {
          const session = await engines[n % 2]!.load(ann.cookie);
          const notice = await take(session, "notice");
          await engines[n % 2]!.commit(session);
          return notice;
        }),
      );
      const taken = read.filter((notice) => notice !== undefined);
      assert.deepEqual(taken, ["saved!"], "what ten requests take");
      await assertFound(ann, { visits: 1 });
    },
  },
  {
    promise: "U1",
    name: "of twenty sign-ins during a revocation of all, each is either ended or still listed",
    async run(world) {
      const visitors = Array.from({ length: 20 }, () => world.browser());
      const signingIn = visitors.map((visitor) => visitor.request((session) => login(session, "ann")));
      await visitors[5]?.request(() => {});
      const ended = await world.sessions().revoke({ userId: "ann" });
      await Promise.all(signingIn);
      const listed = (await world.sessions().list({ userId: "ann" }).toArray()).map(({ handle }) => handle);
      assert.equal(ended + listed.length, 20, "how many sign-ins revokeUser has ended or listByUser returns");
      for (const visitor of visitors) {
        const userId = await visitor.request((session) => info(session).userId);
        const isListed = listed.includes(handleIn(visitor));
        assert.equal(isListed, userId === "ann", "whether listByUser returns a session that is signed in");
      }
    },
  },
  {
    promise: "B4",
    name: "a server whose own clock is a day off neither ends a session early nor keeps it longer",
    async run(world) {
      const real = Date.now;
      const ann = await world.visitor(
        { visits: 1 },
        world.sessions({ timeouts: { idle: 1000 }, touchThrottle: 1 }),
      );
      try {
        for (const skew of [86_400_000, -86_400_000]) {
          Date.now = () => real() + skew;
          await world.advance(500);
          await assertFound(ann, { visits: 1 });
          await ann.request(() => {});
          const record = await world.store.inner.read(handleIn(ann));
          const left = record && Math.round(record.expiresAt - record.now);
          assert.equal(left, 1000, "the seconds until the idle deadline after touch");
        }
        await world.advance(1000);
        await assertGone(world, ann.cookie);
      } finally {
        Date.now = real;
      }
    },
  },
];
