import {
  type DurableObjectOptions,
  DurableObjectSessionBackend,
  type SessionsNamespace,
} from "micropie/backends/durable-object";
import { describe, expect, test } from "vitest";
import { shardOf } from "../../src/backends/_durable-object/shard.ts";
import { until } from "../_until.ts";
import { handleOf, newRecord } from "./_records.ts";
import { onControl } from "./_workers.ts";

/** More than one step of pruning deletes. */
const MANY_EXPIRED = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
  INSERT INTO sessions SELECT 'old-' || i, '{}', '', NULL, 0, 0, 0, 1, i, 9, 'ann', '', 0, 0 FROM n`;

describe("at the start", () => {
  const namespace = { idFromName: () => ({}), get: () => ({}) };
  const refused: [string, unknown, DurableObjectOptions][] = [
    ["backend", {}, {}],
    ["backend", undefined, {}],
    ["shards", namespace, { shards: 0 }],
    ["shards", namespace, { shards: 1.5 }],
    ["shards", namespace, { shards: 257 }],
    ["name", namespace, { name: "" }],
    ["locationHint", namespace, { locationHint: 1 as unknown as string }],
  ];
  test.each(refused)("a wrong %s is named (%#)", (option, binding, options) => {
    const start = () => new DurableObjectSessionBackend(binding as SessionsNamespace, options);
    expect(start).toThrow(expect.objectContaining({ name: "ConfigError", option }));
  });
});

describe("the shard of a handle", () => {
  const handles = Array.from({ length: 8000 }, (_, n) => handleOf(n));

  test("is the same in every version of this library", () => {
    expect(handles.slice(0, 12).map((handle) => shardOf(handle, 8))).toEqual([
      6, 5, 6, 6, 5, 5, 0, 6, 3, 6, 7, 7,
    ]);
  });

  test("is each shard equally often", () => {
    const counts = Array.from({ length: 8 }, () => 0);
    for (const handle of handles) counts[shardOf(handle, 8)]! += 1;
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  test("stays when shards are added, or becomes one of the new ones", () => {
    const moved = handles.filter((handle) => shardOf(handle, 8) !== shardOf(handle, 16));
    expect(moved.every((handle) => shardOf(handle, 16) >= 8)).toBe(true);
    expect(Math.abs(moved.length - 4000)).toBeLessThan(250);
  });
});

await onControl(({ ask, value }) => {
  const on = (options: DurableObjectOptions) => {
    const call =
      (verb: string) =>
      (...args: unknown[]) =>
        ask({ on: "objects", options, verb, args });
    return {
      load: call("load"),
      save: call("save"),
      read: call("read"),
      create: call("create"),
      patch: call("patch"),
      touch: call("touch"),
      delete: call("delete"),
      listByUser: call("listByUser"),
      revokeUser: call("revokeUser"),
      prune: call("prune"),
    };
  };
  const object = (name: string, verb: string, ...args: unknown[]) =>
    value({ on: "object", verb, args: [name, ...args] });
  const rows = async (name: string) =>
    ((await object(name, "sql", "SELECT count(*) AS count FROM sessions")) as { count: number }[])[0]!.count;

  test("each verb is one call of one object; a save that met another one is two", async () => {
    const backend = on({ name: "calls" });
    expect(await backend.create("a", newRecord())).toMatchObject({ value: true, calls: 1 });
    expect(await backend.read("a")).toMatchObject({ value: { version: 1 }, calls: 1 });
    expect(await backend.patch("a", { x: 1 })).toMatchObject({ value: "ok", calls: 1 });
    expect(await backend.patch("a", { y: 1 })).toMatchObject({ value: "merged", calls: 2 });
    expect(await backend.patch("a", { z: 1 }, { ifEpoch: 1 })).toMatchObject({ value: "stale", calls: 1 });
    expect(await backend.patch("b", { z: 1 })).toMatchObject({ value: "ended", calls: 1 });
    expect(await backend.read("a")).toMatchObject({
      value: { data: '{"visits":1,"x":1,"y":1}', version: 3 },
    });
    expect(await backend.touch("a", 10)).toMatchObject({ value: true, calls: 1 });
    expect(await backend.delete("a")).toMatchObject({ value: true, calls: 1 });
  });

  test("a user's sessions are found and ended in every object", async () => {
    const backend = on({ name: "users", shards: 3 });
    const handles = Array.from({ length: 12 }, (_, n) => handleOf(n));
    for (const handle of handles) await backend.create(handle, newRecord({ userId: "ann" }));
    const held = await Promise.all([0, 1, 2].map((shard) => rows(`users-${shard}`)));
    expect(held.every((count) => count > 0)).toBe(true);
    const listed = await backend.listByUser("ann");
    expect(listed.calls).toBe(3);
    expect((listed.value as { handle: string }[]).map(({ handle }) => handle).sort()).toEqual(handles);
    const ended = await backend.revokeUser("ann", handles[4]);
    expect((ended.value as string[]).toSorted()).toEqual(handles.toSpliced(4, 1));
    expect(await backend.revokeUser("ann")).toMatchObject({ value: [handles[4]], calls: 3 });
  });

  test("a dictionary of two methods comes back as it was", async () => {
    const backend = on({ name: "dictionaries" });
    const dictionary = { visits: 1, nested: { list: [null, "é\u0000"] } };
    await backend.save("plain", dictionary, 100);
    expect(await backend.load("plain")).toMatchObject({ value: dictionary });
    expect((await backend.read("plain")).value).toBeUndefined();
  });

  test("prune deletes what has expired in every object, and tells of each", async () => {
    const backend = on({ name: "pruned", shards: 2 });
    await backend.create("kept", newRecord({ idleTimeout: 900 }));
    await object("pruned-0", "sql", MANY_EXPIRED);
    await object("pruned-1", "sql", MANY_EXPIRED);
    const pruned = await backend.prune();
    expect(pruned).toMatchObject({ value: 2200, calls: 2 });
    expect(pruned.expired).toHaveLength(2200);
    expect(pruned.expired).toContainEqual(["old-1100", "ann"]);
    expect(await backend.read("kept")).toMatchObject({ value: { version: 1 } });
  });

  test("an alarm deletes expired records while an object has sessions; one without sleeps", async () => {
    const backend = on({ name: "alarms", shards: 1 });
    const alarm = () => object("alarms-0", "nextAlarm") as Promise<number | null>;
    expect(await alarm()).toBeNull();
    await backend.create("a", newRecord());
    await backend.create("b", newRecord({ idleTimeout: 900 }));
    expect(Math.abs((await alarm())! - Date.now() - 3_600_000)).toBeLessThan(60_000);
    await object("alarms-0", "sql", "UPDATE sessions SET OLDER", 100);
    await object("alarms-0", "sql", MANY_EXPIRED);
    await object("alarms-0", "wake");
    await until(async () => expect(await rows("alarms-0")).toBe(1));
    await until(async () => expect(await alarm()).toBeGreaterThan(Date.now() + 3_000_000));
    expect(await backend.read("b")).toMatchObject({ value: { version: 1 } });
    await object("alarms-0", "sql", "UPDATE sessions SET OLDER", 1000);
    await object("alarms-0", "wake");
    await until(async () => expect(await rows("alarms-0")).toBe(0));
    await until(async () => expect(await alarm()).toBeNull());
  });

  test("a read that an object's reset cuts short is asked again", async () => {
    const backend = on({ name: "resets" });
    await backend.create("a", newRecord());
    await object("", "reset");
    expect(await backend.read("a")).toMatchObject({ value: { version: 1 }, calls: 2 });
  });

  test("an error of an object's database comes through in its words", async () => {
    const backend = on({ name: "large" });
    const larger = await backend.create("a", newRecord({ data: JSON.stringify("y".repeat(2_500_000)) }));
    expect(larger).toMatchObject({ calls: 1, error: { message: expect.stringMatching(/too big/) } });
    expect((await backend.read("a")).value).toBeUndefined();
  });
});
