import { randomBytes } from "node:crypto";
import { createSessions, type DataError, login } from "micropie";
import { beforeEach, describe, expect, test } from "vitest";
import { dataIn, recordIn, refusalOf, SealedStore } from "./_encrypted.ts";
import { newPatch, newRecord } from "./_records.ts";

const k1 = randomBytes(32);
const k2 = randomBytes(32);
let store: SealedStore;

function isObject(text: string): boolean {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

beforeEach(() => {
  store = new SealedStore();
});

test("any other bit anywhere in a stored record is refused, or leaves no object at all, and the record stays as it is", () => {
  const data = '{"visits":7,"name":"Ann","list":[1,{"a":null}],"e":""}';
  store.process({ k1 }).create("a", newRecord({ data }));
  const stored = recordIn(store.inner).data;
  const reader = store.process({ k1 });
  for (let at = 0; at < stored.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const other = String.fromCharCode(stored.charCodeAt(at) ^ (1 << bit));
      const planted = stored.slice(0, at) + other + stored.slice(at + 1);
      store.plant(planted);
      if (isObject(planted))
        expect(refusalOf(() => reader.read("a")).code, `${at}: ${other}`).toBe("invalid");
      else expect(recordIn(reader).data).toBe("");
      expect(recordIn(store.inner).data).toBe(planted);
    }
  }
  store.plant(stored);
  expect(recordIn(reader).data).toBe(data);
});

test("any other character anywhere in a sealed value is refused, as are one too few and one too many", () => {
  store.process({ k1 }).create("a", newRecord({ data: '{"visits":1}' }));
  const sealed = store.sealed().visits!;
  const reader = store.process({ k1 });
  const refuse = (value: string): void => {
    store.plant({ visits: value });
    refusalOf(() => reader.read("a"));
  };
  // Every length modulo four, since the last character of base64url may have bits that stand for nothing.
  for (const text of ["1", "12", "123"]) {
    store.plant({ visits: sealed });
    const { version } = recordIn(store.inner);
    reader.patch("a", newPatch({}, { data: `{"visits":${text}}`, baseVersion: version }));
    const value = store.sealed().visits!;
    for (let at = 0; at < value.length; at++) {
      for (let code = 0; code < 256; code++) {
        const other = String.fromCharCode(code);
        if (other !== value[at]) refuse(value.slice(0, at) + other + value.slice(at + 1));
      }
      refuse(value.slice(0, at) + value.slice(at + 1));
      refuse(`${value.slice(0, at)} ${value.slice(at)}`);
      refuse(value.slice(0, at));
    }
    refuse(`${value}=`);
    refuse(`${value}A`);
  }
});

describe("a sealed value in another place is refused:", () => {
  beforeEach(() => {
    const writer = store.process({ k1 });
    writer.create("a", newRecord({ data: '{"role":"user","wish":"admin"}' }));
    writer.create("b", newRecord({ data: '{"role":"admin"}' }));
  });

  test("another key of the session", () => {
    const { role, wish } = store.sealed();
    store.plant({ role: wish, wish: role });
    expect(refusalOf(() => store.process({ k1 }).read("a"))).toMatchObject({ key: "role", status: 500 });
  });

  test("another session", () => {
    store.plant({ ...store.sealed(), role: store.sealed("b").role });
    expect(refusalOf(() => store.process({ k1 }).read("a")).message).toMatch(/^Session a cannot be opened: /);
  });

  test("another purpose: a dictionary that is no session", () => {
    const on = store.process({ k1 });
    on.save("b", { role: "admin" }, 100);
    const { role } = store.inner.load("b") as { role: string };
    store.inner.delete("b");
    on.create("b", newRecord({ data: '{"role":"user"}' }));
    store.plant({ role }, "b");
    refusalOf(() => store.process({ k1 }).read("b"));
    store.inner.save("b", { role: store.sealed("a").role }, 100);
    refusalOf(() => store.process({ k1 }).load("b"));
  });

  test("under the name of another key, or another key under the same name", () => {
    const { role, wish } = store.sealed();
    store.plant({ role: role!.replace(".k1.", ".k2."), wish });
    refusalOf(() => store.process({ k1, k2 }).read("a"));
    refusalOf(() => store.process({ k1, k2: k1 }).read("a"));
    store.plant({ role, wish });
    refusalOf(() => store.process({ k1: k2 }).read("a"));
  });

  test("the older value of the same key of the same session is not: this is a limit, and the docs say so", () => {
    const before = store.sealed();
    const on = store.process({ k1 });
    on.patch("a", newPatch({}, { data: '{"role":"none"}' }));
    store.plant(before);
    expect(dataIn(store.process({ k1 }))).toEqual({ role: "user", wish: "admin" });
  });
});

test("a value that is not sealed is refused, whatever it is", () => {
  store.process({ k1 }).create("a", newRecord());
  for (const value of [1, "text", "", null, true, [], {}, ["sealed1"], { sealed1: 1 }]) {
    store.plant({ ...store.sealed(), visits: value });
    expect(refusalOf(() => store.process({ k1 }).read("a"))).toMatchObject({
      code: "invalid",
      key: "visits",
    });
  }
  // What is no object has no value that could be planted.
  for (const data of ["", "[]", "null", "7", '"text"', "{", '{"visits":attack}']) {
    store.plant(data);
    expect(recordIn(store.process({ k1 })).data).toBe("");
  }
});

test("during a migration plain values are accepted, and sealed at the next write; mended ones never", () => {
  store.inner.create("a", newRecord({ data: '{"visits":1,"name":"Ann","list":["sealed"]}' }));
  refusalOf(() => store.process({ k1 }).read("a"));
  const migrating = store.process({ k1 }, { acceptPlaintext: true });
  expect(dataIn(migrating)).toEqual({ visits: 1, name: "Ann", list: ["sealed"] });
  expect(store.sealed()).toEqual({ visits: 1, name: "Ann", list: ["sealed"] });
  const data = '{"visits":2,"name":"Ann","list":["sealed"]}';
  expect(migrating.patch("a", newPatch({}, { data }))).toBe("ok");
  expect(recordIn(store.process({ k1 })).data).toBe(data);
  const { name } = store.sealed();
  for (const broken of [`${name}A`, name!.slice(0, -1), name!.replace("sealed1.", "sealed2.")]) {
    store.plant({ ...store.sealed(), name: broken });
    expect(refusalOf(() => migrating.read("a")).key).toBe("name");
  }
});

test("through the engine a refused value is an error, whatever the policy, and nobody is logged out", async () => {
  for (const outage of ["fail", "anonymous"] as const) {
    const sessions = createSessions({ backend: store.process({ k1 }), whenDown: outage });
    const session = await sessions.load(null);
    session.note = "secret note";
    login(session, "ann");
    const cookie = (await sessions.commit(session))!.split(";")[0]!;
    const handle = cookie.slice("session_id=".length).slice(0, 16);
    const stored = recordIn(store.inner, handle).data;
    store.plant(
      stored.replace(/.(?="}$)/, (last) => (last === "A" ? "B" : "A")),
      handle,
    );
    const refused = (error: DataError): boolean =>
      error.name === "DataError" &&
      error.status === 500 &&
      error.key === "note" &&
      error.message.includes(handle) &&
      !error.message.includes("secret") &&
      !error.message.includes(cookie.slice(-32));
    // What this process remembers is of the record as it was, so it must not hide that it is another one now.
    await expect((async () => sessions.load(cookie))()).rejects.toSatisfy(refused);
    await expect(sessions.list({ userId: "ann" }).toArray()).rejects.toSatisfy(refused);
    store.plant(stored, handle);
    expect({ ...(await sessions.load(cookie)) }).toEqual({ note: "secret note" });
    expect(await sessions.revoke({ userId: "ann" })).toBe(1);
  }
});

test("a value that does not open hides no other session from an operator, and is reported as damaged", async () => {
  const handles = ["aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc"];
  const fresh = new SealedStore();
  const sealing = fresh.process({ k1: randomBytes(32) });
  for (const handle of handles) sealing.create(handle, newRecord());
  fresh.plant({ visits: "sealed1.k1.none" }, handles[1]);
  const sessions = createSessions({ backend: sealing });
  const damaged: string[] = [];
  using _ = sessions.on("damaged", ({ handle }) => damaged.push(handle));
  const listed = await sessions.list().toArray();
  expect(listed.map(({ handle, data }) => [handle, { ...data }])).toEqual([
    [handles[0], { visits: 1 }],
    [handles[2], { visits: 1 }],
  ]);
  expect(damaged).toEqual([handles[1]]);
});
