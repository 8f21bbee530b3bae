import { expect, onTestFinished, test, vi } from "vitest";
import { devicesOn, exampleVisitor } from "../_example-visitor.ts";
import { ANN, BEN, recipe, signedIn, textOf } from "./_recipe.ts";

test("password-login leads back to the page that needed a user, and to no other site", async () => {
  const url = await recipe("password-login");
  const { get, post, jar } = exampleVisitor(url);
  expect((await get("/")).status).toBe(200);
  const guarded = await get("/%6frders/?year=2026");
  expect(guarded.status).toBe(303);
  expect(guarded.headers.get("location")).toBe("/login?back=%2F%256frders%2F%3Fyear%3D2026");
  expect(await textOf(get("/login?back=%2Forders%3Fyear%3D2026"))).toContain('value="/orders?year=2026"');

  const wrong = await post("/login", { ...ANN, password: "wrong", back: "/orders?year=2026" });
  expect(wrong.status).toBe(401);
  expect(await wrong.text()).toContain('value="/orders?year=2026"');
  expect((await post("/login", { ...BEN, name: "nobody" })).status).toBe(401);
  expect(jar.size).toBe(0);
  const right = await post("/login", { ...ANN, back: "/orders?year=2026" });
  expect(right.headers.get("location")).toBe("/orders?year=2026");
  expect(await textOf(get("/orders?year=2026"))).toContain("The orders of ann in 2026");

  const elsewhere = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "orders",
  ];
  for (const back of [...elsewhere, "\\\\evil.example", "javascript:alert(1)", "/\n/evil.example", ""])
    expect((await post("/login", { ...ANN, back })).headers.get("location"), back).toBe("/");
  for (const back of ["/.//evil.example", "/..//evil.example", "/%5cevil.example"]) {
    const location = (await post("/login", { ...ANN, back })).headers.get("location")!;
    expect(new URL(location, url).origin, back).toBe(new URL(url).origin);
  }
  await post("/logout");
  expect((await get("/orders")).status).toBe(303);
  expect((await post("/logout")).headers.get("location")).toBe("/login?back=%2F");
});

test("remember-me outlives the browser only for who asked for it", async () => {
  const url = await recipe("remember-me");
  const { get, post } = exampleVisitor(url);
  const days = (page: string) => (Date.parse(/at (\S+)\.</.exec(page)![1]!) - Date.now()) / 86_400_000;

  expect((await post("/login", ANN)).headers.get("set-cookie")).not.toContain("Max-Age");
  const forgotten = await textOf(get("/"));
  expect(forgotten).toContain("is not remembered");
  expect(days(forgotten)).toBeCloseTo(2 / 24, 2);

  const answer = await post("/login", { ...ANN, remember: "on" });
  expect(answer.headers.get("set-cookie")).toMatch(/Max-Age=2592000/);
  const remembered = await textOf(get("/"));
  expect(remembered).toContain("is remembered");
  expect(days(remembered)).toBeCloseTo(30, 2);
});

test("password-reset ends the other sessions of the user, and its link works once", async () => {
  const url = await recipe("password-reset");
  const { mail } = await import("../../examples/recipes/password-reset.ts");
  const send = vi.spyOn(mail, "send").mockReturnValue(undefined);
  const { setPassword } = await import("../../examples/recipes/users.ts");
  onTestFinished(() => setPassword(ANN.name, ANN.password));
  const [phone, thief, ben, laptop] = [
    await signedIn(url),
    await signedIn(url),
    await signedIn(url, BEN),
    exampleVisitor(url),
  ];
  const unknown = await textOf(laptop.post("/forgot", { name: "nobody" }));
  expect(send).not.toHaveBeenCalled();
  expect(await textOf(laptop.post("/forgot", { name: "ann" }))).toBe(unknown);
  const path = /\/reset\/\S+/.exec(send.mock.calls[0]![1])![0];
  expect((await laptop.get(path)).headers.get("referrer-policy")).toBe("no-referrer");

  const before = new Map(phone.jar);
  expect((await phone.post(path, { password: "a better horse" })).status).toBe(303);
  expect(await textOf(phone.get("/"))).toContain("Hello ann");
  expect(phone.jar).not.toEqual(before);
  expect(await textOf(exampleVisitor(url, before).get("/"))).toContain("Sign in");
  expect(await textOf(thief.get("/"))).toContain("Sign in");
  expect(await textOf(ben.get("/"))).toContain("Hello ben");
  expect((await laptop.post("/login", ANN)).status).toBe(401);
  expect((await laptop.post("/login", { name: "ann", password: "a better horse" })).status).toBe(303);
  expect((await thief.post(path, { password: "a better horse" })).status).toBe(400);
});

test("your-devices ends one session, or all others, and none of another user", async () => {
  const url = await recipe("your-devices");
  const phone = await signedIn(url, ANN, "a <phone>");
  const laptop = await signedIn(url, ANN, "a laptop");
  const tablet = await signedIn(url, ANN, "a tablet");
  const ben = await signedIn(url, BEN, "a desk");
  const handleOf = (page: string, device: string) =>
    devicesOn(page).find(({ name }) => name === device)!.handle;

  const page = await textOf(phone.get("/"));
  const here = { handle: phone.jar.get("session_id")!.slice(0, 16), current: true };
  expect(devicesOn(page)[0]).toEqual({ ...here, name: "a &lt;phone&gt;" });
  expect(page.match(/last seen just now/g)).toHaveLength(3);
  expect(page).not.toContain("a desk");
  await phone.post("/end", { handle: handleOf(page, "a laptop") });
  expect(await textOf(laptop.get("/"))).toContain("Sign in");

  await ben.post("/end", { handle: handleOf(page, "a tablet") });
  expect((await exampleVisitor(url).post("/end", { handle: handleOf(page, "a tablet") })).status).toBe(401);
  expect(await textOf(tablet.get("/"))).toContain("Your devices");
  await phone.post("/end_others");
  expect(await textOf(tablet.get("/"))).toContain("Sign in");
  expect(await textOf(phone.get("/"))).toContain("Your devices");
  expect(await textOf(ben.get("/"))).toContain("a desk");
});

test("cart keeps what was added before the sign-in, and gives it to nobody else", async () => {
  const { get, post, jar } = exampleVisitor(await recipe("cart"));
  await post("/add", { item: "milk" });
  await Promise.all(["tea", "rice", "salt"].map((item) => post("/add", { item })));
  const before = new Map(jar);
  await post("/login", ANN);
  expect(jar).not.toEqual(before);
  const page = await textOf(get("/"));
  expect(page).toContain("The cart of ann");
  for (const item of ["milk", "tea", "rice", "salt"]) expect(page).toContain(`<li>${item}</li>`);
  await post("/login", BEN);
  expect(await textOf(get("/"))).not.toContain("<li>");
  await post("/logout");
  expect(jar.size).toBe(0);
});

test("csrf takes a form of its own page, and none of another site", async () => {
  const url = await recipe("csrf");
  const ann = await signedIn(url);
  const csrf = /name="csrf" value="([^"]+)"/.exec(await textOf(ann.get("/")))![1]!;
  expect((await ann.post("/send", { csrf })).status).toBe(303);
  expect(await textOf(ann.get("/"))).toContain("ann has sent 10");

  for (const wrong of [{}, { csrf: "" }, { csrf: `${csrf}x` }, { csrf: "x".repeat(csrf.length) }])
    expect((await ann.post("/send", wrong)).status).toBe(403);
  const elsewhere = exampleVisitor(url, ann.jar, { "sec-fetch-site": "cross-site" });
  expect((await elsewhere.post("/send", { csrf })).status).toBe(403);
  expect(
    (await exampleVisitor(url, new Map(), { "sec-fetch-site": "same-site" }).post("/login", ANN)).status,
  ).toBe(403);
  expect(await textOf(ann.get("/"))).toContain("ann has sent 10");

  const ben = await signedIn(url, BEN);
  expect((await ben.post("/send", { csrf })).status).toBe(403);
  expect((await ann.post("/logout", { csrf })).status).toBe(303);
  expect(ann.jar.size).toBe(0);
});
