import type { SessionBackend } from "micropie";
import { describe, expect, test } from "vitest";
import { type Head, headText, type Memory, readHead, recall, remember } from "../../src/core/head.ts";
import { stores } from "../testing/stores.ts";
import { newPatch, newRecord } from "./_records.ts";

/** Something that no back-end has heard of, as a later version of the engine might want to remember it. */
interface Later extends Memory {
  readonly device?: { readonly agent: string; readonly seen: number };
}

const device = { agent: 'Mozilla/5.0 ("é", 漢字)', seen: 1234.5 };

async function headOf(backend: SessionBackend): Promise<Head> {
  return readHead((await backend.read("a"))!.head);
}

test("a head is read as it was written, with members that this version does not know", () => {
  const later: Later = { device };
  const head = remember({ idleTimeout: 60, absoluteTimeout: 600, persistent: true }, later);
  expect(readHead(headText(head))).toEqual(head);
  expect(recall(head)).toEqual({ device });
  const shorter = headText({ ...readHead(headText(head)), idleTimeout: 30 });
  expect(readHead(shorter)).toEqual({ ...head, idleTimeout: 30 });
  expect(JSON.parse(shorter)).toEqual({ idle: 30, absolute: 600, persistent: true, device });
});

test("a head is read right whichever was read before it", () => {
  const plain: Head = { idleTimeout: 60, absoluteTimeout: 600, persistent: false };
  const heads = [
    plain,
    remember(plain, { created: 5 }),
    { ...plain, persistent: true },
    remember(plain, { created: 6 }),
  ];
  for (const first of heads)
    for (const second of heads) {
      expect(readHead(headText(first))).toEqual(first);
      expect(readHead(headText(second))).toEqual(second);
    }
  expect(remember(heads[1]!, { created: undefined })).toEqual({ ...plain, more: "" });
});

const START = '{"idle":60,"absolute":600,"persistent":false';

test.each([
  ...["", "{", "null", "1", "[]", "{}", '{"idle":"60","absolute":600}'],
  ...[START, `${START},"created":5`, `${START}]`, `${START}5}`],
])("a head that is none, %j, is damaged, and the message does not quote it", (text) => {
  // Read right before, as most heads begin like it.
  expect(readHead(`${START}}`).idleTimeout).toBe(60);
  expect(() => readHead(text)).toThrow(/^The head is damaged$/);
});

test("what only rotations remember in a head is forgotten if it is damaged, and then remembered anew", () => {
  const head = readHead(`${START},"created":5,"retired":[5}`);
  expect(head.idleTimeout).toBe(60);
  expect(recall(head)).toEqual({});
  expect(recall(remember(head, { created: 6 }))).toEqual({ created: 6 });
});

describe.each(Object.entries(stores))("a new thing to remember, on %s", (_, create) => {
  test("stays with the session through saves, touches, locks and rotations, with no change in the back-end", async () => {
    const backend = create(() => 1000);
    await backend.create("a", newRecord({ userId: "ann" }));
    const before = await headOf(backend);
    expect(recall(before)).not.toHaveProperty("device");

    const remembered = remember(before, { device } as Later);
    await backend.patch("a", newPatch({ x: 1 }, { head: headText(remembered) }));
    expect(await headOf(backend)).toEqual(remembered);

    await backend.patch("a", newPatch({ y: 1 }, { baseVersion: 2 }));
    await backend.patch("a", newPatch({ z: 1 }));
    await backend.touch("a", 200);
    await backend.lock("a", 5);
    const rotation = {
      secretHash: "hash-2",
      grace: 10,
      raiseEpoch: true,
      userId: "bob",
      absoluteTimeout: 500,
    };
    await backend.patch("a", newPatch({}, { baseVersion: 4, rotation }));
    expect(await headOf(backend)).toEqual(remembered);
    const [listed] = await backend.listByUser("bob");
    expect(readHead(listed!.record.head)).toEqual(remembered);

    const newer: Later = { device: { ...device, seen: 2000 } };
    const later = { ...remember(remembered, newer), persistent: true };
    const again = { ...rotation, secretHash: "hash-3" };
    await backend.patch("a", newPatch({}, { ifEpoch: 1, rotation: again, head: headText(later) }));
    expect(await headOf(backend)).toEqual(later);
    await backend.close();
  });
});
