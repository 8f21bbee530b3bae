import assert from "node:assert/strict";
import { test } from "node:test";
import { setPassword } from "../src/users.ts";
import { Visitor } from "./visitor.ts";

// Names of this run: a store on a server has the sessions of earlier ones too.
const ann = `ann-${process.pid}-${Date.now()}`;
const ben = `ben-${process.pid}-${Date.now()}`;
await setPassword(ann, "correct horse battery");
await setPassword(ben, "staple of many batteries");

async function signedIn(name = ann, userAgent?: string): Promise<Visitor> {
  const visitor = new Visitor(userAgent);
  const password = name === ann ? "correct horse battery" : "staple of many batteries";
  assert.equal((await visitor.signIn(name, password)).status, 303);
  return visitor;
}

/** The handles of the devices on a page, in its order. */
function handlesOf(page: { text: string }): string[] {
  return Array.from(page.text.matchAll(/name="end" value="([^"]+)"/g), ([, handle]) => handle!).filter(
    (handle) => handle !== "others",
  );
}

test("a visitor who is not signed in gets no cookie", async () => {
  const visitor = new Visitor();
  assert.match((await visitor.get("/")).text, /Nobody is signed in/);
  assert.equal(visitor.cookie, "");
});

test("a page that needs a user leads to the sign-in, and the sign-in back to it", async () => {
  const visitor = new Visitor();
  const turnedAway = await visitor.get("/devices?sort=new");
  assert.equal(turnedAway.status, 303);
  assert.equal(turnedAway.location, `/login?back=${encodeURIComponent("/devices?sort=new")}`);
  const form = await visitor.get(turnedAway.location);
  assert.match(form.text, /value="\/devices\?sort=new"/);
  const inside = await visitor.signIn(ann, "correct horse battery", "/devices?sort=new");
  assert.equal(inside.location, "/devices?sort=new");
  assert.equal((await visitor.get(inside.location)).status, 200);
});

test("a sign-in leads to no other site", async () => {
  for (const back of ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example"]) {
    const page = await new Visitor().signIn(ann, "correct horse battery", back);
    assert.equal(page.location, "/", back);
  }
});

test("a wrong password signs nobody in", async () => {
  for (const [name, password] of [
    [ann, "wrong"],
    ["nobody", "correct horse battery"],
    [ann, ""],
  ] as const) {
    const visitor = new Visitor();
    const page = await visitor.signIn(name, password);
    assert.equal(page.status, 401);
    assert.match(page.text, /The name or the password is wrong/);
    assert.equal((await visitor.get("/devices")).status, 303);
  }
});

test("what somebody types into the form is escaped", async () => {
  const page = await new Visitor().signIn("nobody", "wrong", '"><script>alert(1)</script>');
  assert.doesNotMatch(page.text, /<script>/);
});

test("signing in again replaces the id, and the old one stops working", async () => {
  const visitor = await signedIn();
  const old = new Visitor();
  old.cookie = visitor.cookie;
  await visitor.signIn(ann, "correct horse battery");
  assert.notEqual(visitor.cookie, old.cookie);
  assert.equal((await old.get("/devices")).status, 303);
  assert.equal((await visitor.get("/devices")).status, 200);
});

test("after a sign-out, the cookie opens nothing", async () => {
  const visitor = await signedIn();
  const copy = new Visitor();
  copy.cookie = visitor.cookie;
  assert.equal((await visitor.post("/logout")).location, "/");
  assert.equal(visitor.cookie, "");
  assert.equal((await copy.get("/devices")).status, 303);
});

test("a GET changes nothing", async () => {
  const visitor = await signedIn();
  await visitor.get("/logout");
  assert.equal((await visitor.get("/devices")).status, 200);
});

test("devices are listed, one can be ended, then all others", async () => {
  const laptop = await signedIn(ben, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0");
  const phone = await signedIn(ben, "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Safari/604.1");
  const tablet = await signedIn(ben, "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Safari/537.36");

  const list = await laptop.get("/devices");
  assert.match(list.text, /Firefox on Linux<\/b> \(this device\)/);
  assert.match(list.text, /Safari on iOS/);
  assert.match(list.text, /Chrome on Android/);
  const [, ofPhone] = handlesOf(list);
  assert.equal(handlesOf(list).length, 3);

  assert.equal((await laptop.post("/devices", { end: ofPhone! })).location, "/devices");
  assert.equal((await phone.get("/devices")).status, 303);
  assert.equal((await tablet.get("/devices")).status, 200);

  await laptop.post("/devices", { end: "others" });
  assert.equal((await tablet.get("/devices")).status, 303);
  const [own] = handlesOf(await laptop.get("/devices"));

  assert.equal((await laptop.post("/devices", { end: own! })).location, "/");
  assert.equal(laptop.cookie, "");
});

test("nobody can end the device of somebody else", async () => {
  const of = await signedIn(ann);
  const handles = handlesOf(await of.get("/devices"));
  const other = await signedIn(ben);
  for (const end of handles) await other.post("/devices", { end });
  assert.equal((await of.get("/devices")).status, 200);
  assert.equal((await new Visitor().post("/devices", { end: handles[0]! })).location, "/login?back=%2F");
});
