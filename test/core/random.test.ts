import { createSessions, login } from "micropie";
import { expect, test, vi } from "vitest";

const random = vi.hoisted(() => ({ broken: false }));

vi.mock("node:crypto", async (original) => {
  const crypto = await original<typeof import("node:crypto")>();
  const randomBytes = (size: number): Buffer => {
    if (random.broken) throw new Error("no entropy");
    return crypto.randomBytes(size);
  };
  return { ...crypto, randomBytes };
});

test("without randomness no session is made or signed in, and what was stored stays", async () => {
  const sessions = createSessions<{ visits: number }>();
  const session = await sessions.load(undefined);
  session.visits = 1;
  const cookie = (await sessions.commit(session))!.split(";")[0]!;

  random.broken = true;
  const fresh = await sessions.load(undefined);
  fresh.visits = 1;
  expect(() => sessions.commit(fresh)).toThrow("no entropy");
  const known = await sessions.load(cookie);
  known.visits = 2;
  login(known, "ann");
  expect(() => sessions.commit(known)).toThrow("no entropy");
  expect({ ...(await sessions.load(cookie)) }).toEqual({ visits: 1 });
});
