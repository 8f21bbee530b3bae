import { createSessions, exclusive, login, update } from "micropie";
import { gate } from "micropie/testing";
import { expect, test } from "vitest";

test("a handle of another shape is no session to revoke", async () => {
  const store = new Map<string, string>();
  const sessions = createSessions({
    backend: {
      load: async (id) => JSON.parse(store.get(id) ?? "{}"),
      save: async (id, data, timeout) =>
        void (timeout > 0 ? store.set(id, JSON.stringify(data)) : store.delete(id)),
    },
  });
  const session = await sessions.load(undefined);
  login(session, "ann");
  await sessions.commit(session);
  for (const id of [...store.keys()].filter((id) => id.startsWith("user_"))) {
    expect(await sessions.revoke({ handle: id })).toBe(0);
  }
  expect(await sessions.revoke({ handle: "../etc/passwd" })).toBe(0);
  expect(await sessions.revoke({ userId: "ann" })).toBe(1);
});

test("a wait of a thousand days waits", async () => {
  const sessions = createSessions<{ visits: number }>({ backendTimeout: "1000d" });
  const session = await sessions.load(undefined);
  session.visits = 1;
  const cookie = (await sessions.commit(session))!.split(";")[0]!;
  const open = gate();
  const first = exclusive(await sessions.load(cookie), () => open.wait());
  await open.reached;
  const second = exclusive(await sessions.load(cookie), () => "ran", { wait: "1000d" });
  open.open();
  await first;
  expect(await second).toBe("ran");
});

test("an update that others keep waiting says so", async () => {
  const sessions = createSessions<{ visits: number }>({ backendTimeout: 0.05 });
  const session = await sessions.load(undefined);
  session.visits = 1;
  const cookie = (await sessions.commit(session))!.split(";")[0]!;
  const open = gate();
  const slow = update(await sessions.load(cookie), "visits", async (n = 0) => {
    await open.wait();
    return n + 1;
  });
  await open.reached;
  await expect(update(await sessions.load(cookie), "visits", (n = 0) => n + 1)).rejects.toThrow(
    expect.objectContaining({ code: "conflict" }),
  );
  open.open();
  expect(await slow).toBe(2);
});
