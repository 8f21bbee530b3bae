import { virtualEnvironment } from "micropie/testing";
import { expect, onTestFinished, test, vi } from "vitest";
import { exampleVisitor } from "../_example-visitor.ts";
import { Jar } from "../adapters/_jar.ts";
import { ANN, BEN, recipe, served, signedIn, textOf } from "./_recipe.ts";

/** Moves the clock of this process; returns a function that moves it further. */
function clock(): (seconds: number) => void {
  let ahead = 0;
  const { now } = Date;
  const spy = vi.spyOn(Date, "now").mockImplementation(() => now() + ahead * 1000);
  onTestFinished(() => {
    spy.mockRestore();
  });
  return (seconds) => {
    ahead += seconds;
  };
}

test("step-up asks for the password again after five minutes, and the old id ends with it", async () => {
  const advance = clock();
  const url = await recipe("step-up");
  const ann = await signedIn(url);
  /** As a browser does it; `fetch` says that it is a script. */
  const pay = async ({ jar } = ann) => {
    const headers = { accept: "text/html", origin: url, referer: `${url}/` };
    return new Jar(url, jar).ask("/pay", { method: "POST", headers, form: {} });
  };
  expect((await pay()).status).toBe(200);
  advance(5 * 60 + 1);
  expect((await pay()).headers.location).toBe("/confirm?back=%2F&max_age=300&by=password");
  const told = await ann.post("/pay");
  expect(told.status).toBe(401);
  expect(await told.json()).toMatchObject({ code: "not_fresh", maxAge: 300, by: ["password"] });
  expect((await ann.post("/confirm", { password: "wrong" })).status).toBe(401);
  expect((await pay()).status).toBe(303);

  const copied = exampleVisitor(url, new Map(ann.jar));
  expect((await ann.post("/confirm", { password: ANN.password })).status).toBe(303);
  expect((await pay()).status).toBe(200);
  expect((await pay(copied)).headers.location).toBe("/?back=%2F");
  expect(await textOf(copied.get("/"))).toContain("Sign in");
  advance(5 * 60 + 1);
  expect((await pay()).status).toBe(303);
  expect((await pay(exampleVisitor(url))).status).toBe(303);
  await ann.post("/confirm", { password: ANN.password });
  await ann.post("/login", BEN);
  advance(4 * 60);
  expect((await pay()).status).toBe(200);
});

test("rate-limit answers five times a minute, however many requests come at once", async () => {
  const advance = clock();
  const url = await recipe("rate-limit");
  const ann = await signedIn(url);
  const asked = async () =>
    (await Promise.all(Array.from({ length: 12 }, () => ann.post("/ask"))))
      .map(({ status }) => status)
      .sort();
  const five = [...Array(5).fill(200), ...Array(7).fill(429)];
  expect(await asked()).toEqual(five);
  const refused = await ann.post("/ask");
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(50);
  expect((await (await signedIn(url, BEN)).post("/ask")).status).toBe(200);
  expect((await exampleVisitor(url).post("/ask")).status).toBe(401);
  advance(60);
  expect(await asked()).toEqual(five);
});

test("polling keeps no session alive, and its stream ends with the session", async () => {
  const { Inbox, news } = await import("../../examples/recipes/polling.ts");
  const environment = virtualEnvironment();
  const url = await served(new Inbox({ environment }));
  const ann = await signedIn(url);
  news.set("ann", ["a letter"]);
  expect((await exampleVisitor(url).get("/events")).status).toBe(401);

  environment.advance(20 * 60);
  expect(await (await ann.get("/poll")).json()).toEqual(["a letter"]);
  const ended = await opened(await ann.get("/events"));
  environment.advance(11 * 60);
  await ended();
  expect((await ann.get("/poll")).status).toBe(401);

  await ann.post("/login", ANN);
  environment.advance(20 * 60);
  await ann.get("/");
  environment.advance(11 * 60);
  expect((await ann.get("/poll")).status).toBe(200);
  // Its first message is here before the logout is sent, or that could be first.
  const endedByLogout = await opened(await ann.get("/events"));
  await ann.post("/logout");
  await endedByLogout();
});

/** Waits for the first letter of a stream; returns a function that waits for its end. */
async function opened({ body }: Response): Promise<() => Promise<void>> {
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  let seen = "";
  while (!seen.includes('data: "a letter"')) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`the stream ended after ${JSON.stringify(seen)}`);
    seen += value;
  }
  return async () => {
    while (!(await reader.read()).done);
  };
}

test("delete-account ends every session of the user, and keeps the others", async () => {
  const url = await recipe("delete-account");
  const { setPassword } = await import("../../examples/recipes/users.ts");
  onTestFinished(() => setPassword(ANN.name, ANN.password));
  const phone = await signedIn(url);
  const laptop = await signedIn(url);
  const ben = await signedIn(url, BEN);
  const stored = (await (await phone.get("/data")).json()) as { data: unknown }[];
  expect(stored.map(({ data }) => data)).toEqual([{ searches: ["tea"] }, { searches: ["tea"] }]);

  expect((await phone.post("/delete_account", { password: "wrong" })).status).toBe(403);
  expect((await phone.post("/delete_account", { password: ANN.password })).status).toBe(200);
  expect(phone.jar.size).toBe(0);
  expect((await laptop.get("/data")).status).toBe(401);
  expect((await phone.post("/login", ANN)).status).toBe(401);
  expect((await ben.get("/data")).status).toBe(200);
});
