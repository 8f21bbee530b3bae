import { randomBytes } from "node:crypto";
import type {
  NewRecord,
  SessionBackend,
  SessionPatch,
  SessionRecord,
  WholeRecord,
} from "micropie/backends/backend";
import { newRecord, snapshot } from "micropie/backends/full";
import { RedisSessionBackend } from "micropie/backends/redis";
import { changesBetween } from "micropie/core/codec";
import { systemEnvironment } from "micropie/environment";
import { Chance } from "micropie/testing/_simulation/chance";
import type { Place } from "micropie/testing/simulation";
import { createClient } from "redis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newCase, openPool } from "../backends/_postgres.ts";
import { onServer } from "../servers/on-server.ts";
import { PostgresModel } from "./postgres-model.ts";
import type { Index } from "./redis-index.ts";
import { type Notes, RedisModel } from "./redis-model.ts";
import { Rows } from "./rows.ts";

/** How many programs of forty calls, one after the other. */
const PROGRAMS = 40;
const CALLS = 40;

/** Where nothing is between a model and its rows. */
const here: Pick<Place, "environment" | "call" | "hear"> = {
  environment: systemEnvironment,
  call: async (_, step) => step(),
  hear: (tell) => tell(),
};

type Verb = (backend: SessionBackend, handles: readonly string[]) => Promise<unknown>;

/** How many statements each has sent. */
interface Sent {
  real: number;
  model: number;
}

/** Asks both for the same, and fails unless they answer the same; with `sent`, also unless they send as many statements. */
async function compare(
  real: SessionBackend,
  model: SessionBackend,
  seed: number,
  sent?: Sent,
): Promise<void> {
  const chance = new Chance(seed, 1);
  const handles = Array.from({ length: 3 }, () => randomBytes(12).toString("base64url"));
  const versions = new Map<string, SessionRecord | undefined>();
  for (let call = 0; call < CALLS; call++) {
    const handle = chance.pick(handles);
    const { name, ask } = verbOf(chance, handle, versions.get(handle), `${seed}_${call}`);
    if (sent !== undefined) Object.assign(sent, { real: 0, model: 0 });
    const [answer, expected] = [await ask(real, handles), await ask(model, handles)];
    if (sent !== undefined) expect(sent.real, `statements of ${name} in program ${seed}`).toBe(sent.model);
    expect(answer, `program ${seed}, call ${call}: ${name}`).toEqual(expected);
    if (chance.maybe(0.7)) versions.set(handle, await real.read(handle));
    expect(told(await real.read(handle)), `program ${seed}, after call ${call}: ${name}`).toEqual(
      told(await model.read(handle)),
    );
  }
}

/** A record without its times, which two clocks have. */
function told(record: (SessionRecord & { readonly lockedUntil?: number }) | undefined): object | undefined {
  if (record === undefined) return undefined;
  const { now, expiresAt, absoluteExpiresAt, previousUntil, lockedUntil = 0, data, ...rest } = record;
  const seconds = (until: number): number => (until === 0 ? 0 : Math.round((until - now) / 20));
  return {
    ...rest,
    data: JSON.parse(data) as unknown,
    isLocked: lockedUntil > now,
    lives: [expiresAt, absoluteExpiresAt, previousUntil].map(seconds),
  };
}

function verbOf(
  chance: Chance,
  handle: string,
  known: SessionRecord | undefined,
  name: string,
): { readonly name: string; readonly ask: Verb } {
  const user = chance.pick(["ann realm", "bob realm"]);
  const kind = chance.among({
    create: 3,
    patch: 6,
    rotate: 4,
    touch: 2,
    delete: 2,
    list: 2,
    revoke: 1,
    lock: 3,
    relock: 3,
    moveOut: 2,
    adopt: 3,
  });
  const fence = chance.below(4);
  const isSame = chance.maybe(0.7);
  const why = chance.pick(["logged_out", "moved"] as const);
  const idle = chance.pick([400, 900]);
  const record: NewRecord = {
    data: '{"a":1}',
    secretHash: `hash_${name}`,
    userId: chance.maybe(0.5) ? user : null,
    idleTimeout: idle,
    absoluteTimeout: 2000,
    head: "",
  };
  const asks: Record<typeof kind, Verb> = {
    create: async (backend) => backend.create(handle, record),
    patch: async (backend) => backend.patch(handle, patchOf(known, name, idle, chanceOf(name), undefined)),
    rotate: async (backend) => backend.patch(handle, patchOf(known, name, idle, chanceOf(name), user)),
    touch: async (backend) => backend.touch(handle, idle),
    delete: async (backend) => backend.delete(handle, isSame ? undefined : (known?.version ?? 1), why),
    list: async (backend) => (await backend.listByUser(user)).map((each) => each.handle).sort(),
    revoke: async (backend, [kept]) =>
      [...(await backend.revokeUser(user, isSame ? undefined : kept))].sort(),
    lock: async (backend) => backend.lock(handle, 60),
    relock: async (backend) => backend.relock(handle, fence, isSame ? 60 : 0),
    moveOut: async (backend) => told(await backend.moveOut(handle)),
    adopt: async (backend) =>
      backend.adopt(handle, wholeOf(known, name, fence), isSame ? undefined : known?.secretHash),
  };
  return { name: kind, ask: asks[kind] };
}

/** The handles of all sessions, in pages of two. */
async function pagesOf(backend: SessionBackend): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await backend.scan({ cursor, limit: 2 });
    pages.push(page.sessions.map(({ handle }) => handle));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return pages;
}

/** A record that comes from another store. */
function wholeOf(known: SessionRecord | undefined, name: string, fence: number): WholeRecord {
  const now = systemEnvironment.now();
  const made: NewRecord = {
    data: '{"b":2}',
    secretHash: "",
    userId: null,
    idleTimeout: 500,
    absoluteTimeout: 900,
    head: "",
  };
  const record = known ?? snapshot(newRecord(made, now), now);
  return { ...record, secretHash: `moved_${name}`, fence, lockedUntil: 0 };
}

/** The same choices for the real one and for the model. */
function chanceOf(name: string): Chance {
  return new Chance(Number(name.replace("_", "")), 2);
}

function patchOf(
  known: SessionRecord | undefined,
  name: string,
  idleTimeout: number,
  chance: Chance,
  userId: string | undefined,
): SessionPatch {
  const before = known?.data ?? "{}";
  const data = JSON.stringify({ ...(JSON.parse(before) as object), [chance.pick(["a", "b", "c"])]: name });
  const isLogin = chance.maybe(0.5);
  return {
    ifEpoch: known?.epoch ?? 0,
    ifVersion: chance.maybe(0.2) ? (known?.version ?? 1) : undefined,
    ifSecretHash: userId === undefined ? undefined : (known?.secretHash ?? "none"),
    ifFence: chance.maybe(0.1) ? 1 : undefined,
    baseVersion: known?.version ?? 1,
    data,
    changes: () => changesBetween(before, data),
    maxBytes: chance.maybe(0.1) ? 30 : undefined,
    idleTimeout,
    head: chance.maybe(0.2) ? `head ${name}` : undefined,
    ...(userId === undefined
      ? {}
      : {
          rotation: {
            secretHash: `hash_${name}`,
            grace: 100,
            raiseEpoch: isLogin || chance.maybe(0.3),
            ...(isLogin ? { userId, absoluteTimeout: 1500 } : {}),
          },
        }),
  };
}

await onServer("postgres", ({ url }) => {
  const opened = openPool(url);
  afterAll(() => opened.end());
  test(`PostgreSQL answers ${PROGRAMS} random programs as its model does`, async () => {
    const { backend, drop } = newCase(opened);
    const model = new PostgresModel(new Rows(systemEnvironment), here);
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      await compare(backend, model, seed);
      expect(await pagesOf(backend), `pages after program ${seed}`).toEqual(await pagesOf(model));
      for (const user of ["ann realm", "bob realm"])
        await Promise.all([backend.revokeUser(user), model.revokeUser(user)]);
    }
    await drop();
  });

  test("each method of PostgreSQL sends as many statements as that of its model", async () => {
    const sent: Sent = { real: 0, model: 0 };
    const { client } = opened;
    const counting = new Proxy(client, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== "function") return member;
        if (name === "query") sent.real++;
        return member.bind(target);
      },
    });
    const { backend, drop } = newCase({ ...opened, client: counting });
    await backend.ready();
    const call: Place["call"] = async (_, step) => {
      sent.model++;
      return step();
    };
    const model = new PostgresModel(new Rows(systemEnvironment), { ...here, call });
    for (let seed = 1001; seed <= 1010; seed++) await compare(backend, model, seed, sent);
    await drop();
  });
});

await onServer("redis", ({ url }) => {
  const client = createClient({ url });
  beforeAll(() => client.connect().then(() => {}));
  afterAll(() => client.destroy());
  test(`Redis answers ${PROGRAMS} random programs as its model does`, async () => {
    const prefix = `model:${randomBytes(6).toString("hex")}:`;
    const backend = new RedisSessionBackend(client, { prefix });
    const index: Index = new Map();
    const model = new RedisModel(new Rows<Notes>(systemEnvironment), index, here, "model");
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      await compare(backend, model, seed);
      for (const user of ["ann realm", "bob realm"])
        await Promise.all([backend.revokeUser(user), model.revokeUser(user)]);
    }
  });
});
