import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { onEveryBackend } from "../backends/_every-backend.ts";
import { expressApp } from "./_store-app.ts";

await onEveryBackend((create) => {
  test("a session is stored, found again, changed and ended", async () => {
    const { visitor } = await expressApp((await create()).backend);
    const ann = visitor();
    expect((await ann.get("/")).setCookie).toEqual([]);
    await ann.get("/set/color/red");
    await ann.get("/set/size/5");
    expect(await ann.data()).toEqual({ color: "red", size: "5" });
    await ann.get("/unset/color");
    expect(await ann.data()).toEqual({ size: "5" });
    await ann.get("/logout");
    expect(await ann.data()).toEqual({});
  });

  test("two parallel requests that change different keys both keep their change", async () => {
    const { visitor, backend, slow } = await expressApp((await create()).backend);
    const ann = visitor();
    await ann.get("/set/first/1");
    backend.forget();
    const writing = ann.tab().get("/slow/late/1");
    await slow.reached;
    await ann.get("/set/early/1");
    await ann.get("/unset/first");
    slow.open();
    await writing;
    expect(await ann.data()).toEqual({ early: "1", late: "1" });
  });

  test("of fifty parallel requests for fifty keys, none loses its change", async () => {
    const { visitor } = await expressApp((await create()).backend);
    const ann = visitor();
    await ann.get("/set/first/1");
    const keys = Array.from({ length: 50 }, (_, n) => `key${n}`);
    await Promise.all(keys.map((key) => ann.tab().get(`/set/${key}/1`)));
    expect(Object.keys((await ann.data()) as object).sort()).toEqual(["first", ...keys].sort());
  });

  test("a session that is logged out while another request saves stays logged out", async () => {
    const { visitor, backend } = await expressApp((await create()).backend);
    const ann = visitor();
    await ann.get("/login/ann");
    const saving = backend.hold("patch");
    const slow = ann.tab().get("/set/late/1");
    await saving.reached;
    await ann.get("/logout");
    saving.open();
    expect((await slow).status).toBe(200);
    expect(await ann.data()).toEqual({});
  });

  test("a session that is logged out while another request still works stays logged out", async () => {
    const { visitor, slow } = await expressApp((await create()).backend, { rolling: true });
    const ann = visitor();
    await ann.get("/login/ann");
    const working = ann.tab().get("/slow/late/1");
    await slow.reached;
    await ann.get("/logout");
    slow.open();
    await working;
    expect(await ann.data()).toEqual({});
  });

  test("regenerate gives another id, and the one before is dead", async () => {
    const { visitor } = await expressApp((await create()).backend);
    const ann = visitor();
    await ann.get("/set/color/red");
    const before = ann.tab();
    await ann.get("/login/ann");
    expect(ann.sid).not.toBe(before.sid);
    expect(await ann.data()).toEqual({ user: "ann" });
    expect(await before.data()).toEqual({});
  });

  test("an id that was not issued is never adopted", async () => {
    const { visitor, backend } = await expressApp((await create()).backend);
    const ann = visitor();
    await ann.get("/set/color/red");
    const { sid } = ann;
    await ann.get("/logout");
    backend.forget();
    expect((await ann.get("/set/color/blue")).setCookie).toHaveLength(1);
    expect(ann.sid).not.toBe(sid);
    expect(await ann.data()).toEqual({ color: "blue" });
  });

  test("the store is told no id: neither its data nor its keys give one", async () => {
    const { visitor, backend } = await expressApp((await create()).backend);
    const ann = visitor();
    await ann.get("/set/color/red");
    const digest = hash("sha256", ann.sid, "base64url");
    const record = await backend.read(digest.slice(0, 16));
    expect(record?.secretHash).toBe(hash("sha256", `${ann.sid} session_id`, "base64url"));
    expect(JSON.stringify(record)).not.toContain(ann.sid);
    expect(await backend.read(ann.sid.slice(0, 16))).toBeUndefined();
  });
});
