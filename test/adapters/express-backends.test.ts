import { expect, test } from "vitest";
import { onEveryBackend } from "../backends/_every-backend.ts";
import type { Jar } from "./_jar.ts";
import { passportApp } from "./_passport-app.ts";

const ANN = { username: "ann", password: "right" };

const data = async (jar: Jar): Promise<unknown> => JSON.parse((await jar.get("/data")).text);

await onEveryBackend((create) => {
  test("Passport signs in, keeps session info, remembers, and signs out", async () => {
    const { backend } = await create();
    const { jar, sessions } = await passportApp("5", undefined, backend);
    const ann = jar();
    await ann.get("/visit");
    const anonymous = ann.copy();
    await ann.post("/login-return", ANN);
    expect(await data(ann)).toEqual({ visits: 1, passport: { user: "ann" } });
    expect(await data(anonymous)).toEqual({});

    const { setCookie } = await ann.post("/login-remember", { ...ANN, remember: "yes" });
    expect(setCookie).toEqual([expect.stringContaining("; Max-Age=2592000;")]);
    await Promise.all([ann.copy().get("/visit"), ann.copy().get("/flash/hello")]);
    expect(await data(ann)).toEqual({ visits: 1, passport: { user: "ann" }, flash: { info: ["hello"] } });
    expect((await sessions.list({ userId: "ann" }).toArray()).length).toBe(1);

    const signedIn = ann.copy();
    await ann.post("/logout-keep");
    expect(await data(ann)).toEqual({ visits: 1, passport: {}, flash: { info: ["hello"] } });
    expect(await data(signedIn)).toEqual({});
    expect(await sessions.list({ userId: "ann" }).toArray()).toEqual([]);

    await ann.post("/login", ANN);
    const again = ann.copy();
    await ann.post("/logout");
    expect([...ann.cookies]).toEqual([]);
    expect(await data(again)).toEqual({});
  });

  test("what a request writes during a sign-out does not come back", async () => {
    const { backend } = await create();
    const { jar, slow } = await passportApp("5", {}, backend);
    const ann = jar();
    await ann.post("/login", ANN);
    const signedIn = ann.copy();
    const slowly = ann.copy().get("/slow");
    await slow.reached;
    await ann.post("/logout-keep");
    slow.open();
    expect((await slowly).setCookie).toEqual([]);
    expect([await data(signedIn), await data(ann)]).toEqual([{}, { passport: {} }]);
  });
});
