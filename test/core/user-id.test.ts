import { createSessions, InMemorySessionBackend, login } from "micropie";
import { SessionStore } from "micropie/compat/store";
import { expect, test } from "vitest";

const WRONG: readonly [what: string, id: unknown, says: RegExp][] = [
  ["nothing", "", /not empty/],
  ["NaN", Number.NaN, /got NaN/],
  ["an object", {}, /got object/],
  ["half a surrogate pair", "\ud800", /well-formed/],
  ["NUL", "a\0b", /NUL/],
  ["256 bytes", "x".repeat(256), /255 bytes of UTF-8; this one has 256/],
  ["256 bytes in 128 characters", "é".repeat(128), /255 bytes of UTF-8; this one has 256/],
];
const RIGHT = ["a", " ", "\ufffd", "x".repeat(255), `x${"é".repeat(127)}`, "😀".repeat(63)];

/** Every entry that takes a user's id. */
const ENTRIES: Record<string, (id: string) => Promise<unknown>> = {
  login: async (id) => login(await createSessions().load(undefined), id),
  "sessions.list": (id) => createSessions().list({ userId: id }).toArray(),
  "sessions.revoke": (id) => createSessions().revoke({ userId: id }),
  async "the option userIdOf"(id) {
    const sessions = createSessions<{ user: string }>({ userIdOf: ({ user }) => user });
    const session = await sessions.load(undefined);
    session.user = id;
    await sessions.commit(session);
  },
  async "the option userIdOf of SessionStore"(id) {
    const store = new SessionStore(new InMemorySessionBackend(), { userIdOf: ({ user }) => user as string });
    await new Promise<void>((resolve, reject) => {
      store.set("sid", { cookie: {}, user: id }, (error) => (error ? reject(error) : resolve()));
    });
  },
};

/** "" is nobody where the id is in the data. */
const isMeant = (entry: string, id: unknown): boolean => entry.includes("userIdOf") && id === "";

for (const [entry, take] of Object.entries(ENTRIES)) {
  test.each(WRONG.filter(([, id]) => !isMeant(entry, id)))(
    `${entry} refuses what is no user's id: %s`,
    async (_, id, says) => {
      const refused = await take(id as string).catch((error: unknown) => error);
      expect(refused).toMatchObject({ name: "UserIdError", code: "user_id", status: 400 });
      expect((refused as Error).message).toMatch(says);
    },
  );

  test.each(RIGHT)(`${entry} takes a user's id of up to 255 bytes: %j`, async (id) => {
    await take(id);
  });
}

test("revoking half a surrogate pair does not end the sessions of U+FFFD", async () => {
  const sessions = createSessions();
  const session = await sessions.load(undefined);
  login(session, "\ufffd");
  await sessions.commit(session);
  await expect(sessions.revoke({ userId: "\ud800" })).rejects.toMatchObject({ code: "user_id" });
  expect(await sessions.list({ userId: "\ufffd" }).toArray()).toHaveLength(1);
});
