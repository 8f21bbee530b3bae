import { expect, test, vi } from "vitest";
import account from "../../examples/account/app.ts";
import { type ExampleVisitor, exampleVisitor } from "../_example-visitor.ts";
import { ANN, BEN, served, textOf } from "./_recipe.ts";

const BROWSERS = ["Firefox", "Edg", "Chrome", "Safari"].map(
  (name) => `Mozilla/5.0 (X11; Linux x86_64) ${name}/1.0`,
);

async function signIn(url: string, agent: string, user = ANN): Promise<ExampleVisitor> {
  const visitor = exampleVisitor(url, new Map(), { "user-agent": agent, accept: "text/html" });
  expect((await visitor.post("/login", user)).headers.get("location")).toBe("/code");
  expect((await visitor.post("/code", { code: "000000" })).status).toBe(401);
  expect(await textOf(visitor.get("/"))).toContain("Sign in");
  expect((await visitor.post("/code", { code: "123456" })).headers.get("location")).toBe("/");
  return visitor;
}

test("the example account asks for two factors, allows three devices, names and ends them, and asks again before a payment", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.spyOn(console, "warn").mockImplementation(() => {});
  try {
    const url = await served(account);
    const visitors: ExampleVisitor[] = [];
    for (const agent of BROWSERS) {
      visitors.push(await signIn(url, agent));
      vi.setSystemTime(Date.now() + 61_000);
    }
    const [first, second, , last] = visitors as [
      ExampleVisitor,
      ExampleVisitor,
      ExampleVisitor,
      ExampleVisitor,
    ];
    expect(await textOf(first.get("/"))).toContain("Sign in");
    const page = await textOf(last.get("/"));
    expect(page).toContain("3 of 3 at most");
    expect(Array.from(page.matchAll(/<b>(\w+) on Linux<\/b>/g), ([, name]) => name)).toEqual([
      "Edge",
      "Chrome",
      "Safari",
    ]);
    const handle = /data-handle="([\w-]{16})"/.exec(page)![1]!;

    const ben = await signIn(url, BROWSERS[0]!, BEN);
    for (const path of ["/end", "/rename"])
      expect((await ben.post(path, { handle, name: "mine" })).status).toBe(401);
    await last.post("/rename", { handle, name: "<Kitchen>" });
    expect(await textOf(last.get("/"))).toContain("<b>&lt;Kitchen&gt;</b>");

    expect(await textOf(second.get("/"))).toContain("Your account");
    await last.post("/end", { handle });
    expect(await textOf(second.get("/"))).toContain("Sign in");

    const asked = await last.post("/pay");
    expect([asked.status, (await asked.json()) as object]).toEqual([
      401,
      expect.objectContaining({ by: ["otp"] }),
    ]);
    const before = new Map(last.jar);
    await last.post("/code?back=//elsewhere.example", { code: "123456" }).then(({ headers }) => {
      expect(headers.get("location")).toBe("/");
    });
    expect(last.jar).not.toEqual(before);
    expect(await textOf(last.post("/pay"))).toContain("Thank you, ann.");
    await last.post("/end_others");
    expect(await textOf(last.get("/"))).toContain("1 of 3");
  } finally {
    vi.restoreAllMocks();
    vi.useRealTimers();
  }
});

test("the example account has a sign-out on each page of a user, and asks again before it ends other sessions", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  try {
    const url = await served(account);
    const visitor = await signIn(url, BROWSERS[0]!);
    const other = await signIn(url, BROWSERS[1]!);
    for (const path of ["/", "/code"]) expect(await textOf(visitor.get(path))).toContain('action="/logout"');
    expect(await textOf(visitor.post("/pay"))).toContain('action="/logout"');
    const own = await textOf(visitor.get("/"));
    const handle = /data-handle="([\w-]{16})" aria-current="false"/.exec(own)![1]!;
    vi.setSystemTime(Date.now() + 601_000);
    expect((await visitor.post("/end", { handle })).status).toBe(401);
    expect((await visitor.post("/end_others")).status).toBe(401);
    expect(await textOf(other.get("/"))).toContain("Your account");
    await visitor.post("/code", { code: "123456" });
    expect((await visitor.post("/end", { handle })).status).toBe(303);
    expect(await textOf(other.get("/"))).toContain("Sign in");
  } finally {
    vi.useRealTimers();
  }
});
