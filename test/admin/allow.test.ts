import { ConfigError, createSessions } from "micropie";
import { type AdminOptions, adminPage } from "micropie/admin";
import { describe, expect, onTestFinished, test } from "vitest";
import { HOST, operatorOf } from "./_operator.ts";
import { handleIn, sessionsInTime, visitor } from "./_people.ts";

const PATHS = [
  "",
  "/",
  "/sessions",
  "/sessions?by=user&q=ann",
  "/user?id=ann",
  "/user/end?id=ann",
  "/assets/x.css",
  "/else",
];
const BODIES: RequestInit[] = [
  { method: "POST" },
  { method: "POST", headers: { "sec-fetch-site": "cross-site" } },
  { method: "POST", body: "{", headers: { "content-type": "application/json" } },
  {
    method: "POST",
    body: "x".repeat(5000),
    headers: { "content-type": "application/x-www-form-urlencoded" },
  },
  { method: "DELETE" },
  { method: "HEAD" },
];

/** Everything that somebody may learn from an answer. */
async function told(answer: Response): Promise<unknown> {
  const { vary, "cache-control": cache, ...headers } = Object.fromEntries(answer.headers);
  return [answer.status, await answer.text(), headers];
}

describe("nobody is answered", () => {
  const nowhere = [404, "404 Not Found", { "content-type": "text/plain; charset=utf-8" }];

  test.each([
    ["without `allow`", {}],
    ["if `allow` says false", { allow: () => false as const }],
    ["if `allow` says nothing", { allow: () => undefined }],
    ["if `allow` names nobody", { allow: async () => "" }],
    ["if `allow` says true, which is no name", { allow: () => true as never }],
    ["if the session is no operator's", { allow: ({ session }) => session.operator === true && "olga" }],
  ] satisfies [string, AdminOptions<{ operator: boolean }>][])(
    "%s: 404 for everything",
    async (_, options) => {
      const sessions = createSessions<{ operator: boolean }>();
      const page = adminPage(sessions, { manage: true, ...options });
      onTestFinished(() => page.shutdown());
      const cookie = await visitor(sessions as never, "ann");
      const handle = handleIn(cookie);
      for (const path of [...PATHS, `/session/${handle}`, `/session/${handle}/end`]) {
        for (const init of [{}, ...BODIES]) {
          const headers = { cookie, ...(init.headers as object) };
          const answer = await page.fetch(new Request(`${HOST}/admin${path}`, { ...init, headers }));
          const expected = init.method === "HEAD" ? [404, expect.any(String), expect.any(Object)] : nowhere;
          expect(await told(answer), `${init.method} ${path}`).toEqual(expected);
        }
      }
      expect(await sessions.count({ handle })).toBe(1);
    },
  );

  test("without `allow`, no session is loaded", async () => {
    const { sessions } = sessionsInTime();
    const cookie = await visitor(sessions, "ann");
    const page = adminPage(sessions);
    onTestFinished(() => page.shutdown());
    await sessions.close();
    const answer = await page.fetch(new Request(`${HOST}/admin`, { headers: { cookie } }));
    expect(answer.status).toBe(404);
  });
});

test("files of the page are an operator's too, and are kept by the browser", async () => {
  const { sessions } = sessionsInTime();
  const { read, get, page } = await operatorOf(sessions);
  const files = Array.from(
    (await read("/admin/")).matchAll(/(?:src|href)="(\/admin\/assets\/[^"]+)"/g),
    ([, path]) => path!,
  );
  expect(files.map((path) => path.split(".")[1])).toEqual(["css", "js"]);
  for (const path of files) {
    const answer = await get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("private, max-age=31536000, immutable");
    expect(answer.headers.get("content-type")).toMatch(/^text\/(css|javascript); charset=utf-8$/);
    expect((await page.fetch(new Request(HOST + path))).status).toBe(404);
  }
});

test("a poll of the open page does not keep its operator signed in", async () => {
  const { environment, sessions } = sessionsInTime();
  const { read, cookie } = await operatorOf(sessions);
  const handle = handleIn(cookie);
  const deadline = async () => (await sessions.list({ handle }).toArray())[0]?.expiresAt;
  const before = await deadline();
  environment.advance(600);
  await read("/admin/?live=1");
  expect(await deadline()).toBe(before);
  await read("/admin/");
  expect(await deadline()).toBe(before! + 600);
});

test("operators may be signed in with sessions of their own", async () => {
  const { sessions } = sessionsInTime();
  const staff = createSessions<{ role: string }>({ cookie: { name: "staff" } });
  const page = adminPage(sessions, {
    operators: staff,
    allow: ({ session }) => session.role === "sre" && "sam",
  });
  onTestFinished(() => page.shutdown());
  const session = await staff.load();
  session.role = "sre";
  const cookie = String(await staff.commit(session)).split(";")[0]!;
  const answer = await page.fetch(new Request(`${HOST}/admin/`, { headers: { cookie } }));
  expect(await answer.text()).toContain("sam, read-only");
});

test.each([
  ["sessions", undefined, {}],
  ["allow", {}, { allow: "olga" }],
  ["manage", {}, { manage: 1 }],
  ["at", {}, { at: "admin" }],
  ["at", {}, { at: "/a b" }],
  ["recorder", {}, { recorder: {} }],
  ["data", {}, { data: true }],
  ["operators", {}, { operators: {} }],
  ["csrf", {}, { csrf: false }],
  ["csrf.trust", {}, { csrf: { trust: ["example.com"] } }],
  ["countEvery", {}, { countEvery: -1 }],
  ["allowed", {}, { allowed: () => "olga" }],
])("a wrong option %s is refused by its name", (option, given, options) => {
  const make = () => adminPage((given && createSessions()) as never, options as never);
  expect(make).toThrow(ConfigError);
  expect(make).toThrow(expect.objectContaining({ option }));
});
