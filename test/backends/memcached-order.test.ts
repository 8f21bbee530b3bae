import { randomBytes } from "node:crypto";
import { MemcachedSessionBackend } from "micropie/backends/memcached";
import { type Gate, gate, withClock } from "micropie/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { newPatch, newRecord } from "./_records.ts";

/** A process whose next write under a key that begins with this waits at a gate. */
class Process extends MemcachedSessionBackend {
  #held: { begins: string; gate: Gate } | undefined;

  hold(begins: string): Gate {
    this.#held = { begins, gate: gate() };
    return this.#held.gate;
  }

  async #pass(key: string): Promise<void> {
    const held = this.#held;
    if (held === undefined || !key.startsWith(held.begins)) return;
    this.#held = undefined;
    await held.gate.wait();
  }

  override async add(key: string, text: string, seconds: number): Promise<boolean> {
    await this.#pass(key);
    return super.add(key, text, seconds);
  }

  override async replace(...args: Parameters<MemcachedSessionBackend["replace"]>): Promise<boolean> {
    await this.#pass(args[0]);
    return super.replace(...args);
  }
}

const rotation = { secretHash: "h2", grace: 10, raiseEpoch: true, userId: "ann" };

await onServer("memcached", (server) => {
  let one: Process;
  let two: Process;

  beforeEach(() => {
    const prefix = `${randomBytes(9).toString("base64url")}:`;
    one = new Process(server, { prefix });
    two = new Process(server, { prefix });
  });
  afterEach(() => {
    one.close();
    two.close();
  });

  test("nobody is signed in before the list says so", async () => {
    await one.create("known", newRecord());
    for (const signIn of [
      () => one.create("fresh", newRecord({ userId: "ann" })),
      () => one.patch("known", newPatch({}, { rotation })),
    ]) {
      const held = one.hold("user_");
      const signing = signIn();
      await held.reached;
      expect((await two.read("fresh"))?.userId).toBeUndefined();
      expect(await two.read("known")).toMatchObject({ userId: null });
      expect(await two.revokeUser("ann")).toEqual([]);
      held.open();
      await signing;
      expect(await two.revokeUser("ann")).toHaveLength(1);
    }
  });

  test("a sign-in that is listed and not stored yet is not revoked, and stays listed", async () => {
    await one.create("known", newRecord());
    for (const [handle, signIn] of [
      ["fresh", () => one.create("fresh", newRecord({ userId: "ann" }))],
      ["known", () => one.patch("known", newPatch({}, { rotation }))],
    ] as const) {
      const held = one.hold(handle);
      const signing = signIn();
      await held.reached;
      expect(await two.revokeUser("ann")).toEqual([]);
      for (let n = 0; n < 40; n++) await two.create(`other-${handle}-${n}`, newRecord({ userId: "ann" }));
      held.open();
      await signing;
      expect(await two.revokeUser("ann")).toContain(handle);
    }
  });

  test("a session that expires while its sign-in is being listed stays so", async () => {
    let time = 1000;
    withClock(one, () => time);
    for (const remembered of [false, true]) {
      const handle = `a-${remembered}`;
      await one.create(handle, newRecord({ idleTimeout: 100 }));
      if (remembered) await one.read(handle);
      const held = one.hold("user_");
      const signIn = { ...rotation, absoluteTimeout: 1000 };
      const signing = one.patch(handle, newPatch({}, { rotation: signIn }));
      await held.reached;
      time += 100;
      expect(await one.read(handle)).toBeUndefined();
      held.open();
      expect(await signing).toBe("ended");
      expect(await one.read(handle)).toBeUndefined();
    }
  });

  test("a lock that two processes want at once has one holder", async () => {
    await one.create("a", newRecord());
    const held = one.hold("a");
    const first = one.lock("a", 50);
    await held.reached;
    expect(await two.lock("a", 50)).toBe(1);
    held.open();
    expect(await first).toBe("busy");
  });
});
