import { createSessions } from "micropie";
import { recordEvents } from "micropie/recorder";
import { describe, expect, onTestFinished, test } from "vitest";
import { operatorOf, textOf } from "./_operator.ts";
import { handleIn, sessionsInTime, visitor } from "./_people.ts";

describe("an operator who may", () => {
  test("ends one session, after a question, and everybody learns who did it", async () => {
    const { sessions } = sessionsInTime();
    const recorder = recordEvents(sessions);
    onTestFinished(() => recorder[Symbol.dispose]());
    const events: object[] = [];
    using _ = sessions.on("revoked", (event) => events.push({ ...event }));
    const handle = handleIn(await visitor(sessions, "ann"));
    const other = handleIn(await visitor(sessions, "ann"));
    const { read, post, get } = await operatorOf(sessions, { manage: true, recorder });

    expect(await read(`/admin/session/${handle}`)).toContain(`href="/admin/session/${handle}/end"`);
    const question = await read(`/admin/session/${handle}/end`);
    expect(textOf(question)).toContain("It is recorded that olga did it.");
    expect(question).toContain(
      `<form method="post" action="/admin/session/${handle}/end" enctype="text/plain">`,
    );
    expect(await sessions.count({ userId: "ann" })).toBe(2);

    const answer = await post(`/admin/session/${handle}/end`);
    expect([answer.status, answer.headers.get("location")]).toEqual([
      303,
      `/admin/session/${handle}?ended=1`,
    ]);
    const after = textOf(await read(`/admin/session/${handle}?ended=1`));
    expect(after).toContain("1 session ended.");
    expect(after).toContain("It ended because it was revoked by the operator olga.");
    expect(events).toEqual([
      { handle, userId: "ann", realm: "session_id", reason: "revoked", all: false, by: "olga" },
    ]);
    expect(await sessions.count({ handle: other })).toBe(1);

    const again = await post(`/admin/session/${handle}/end`);
    expect(again.headers.get("location")).toBe(`/admin/session/${handle}?ended=0`);
    expect(textOf(await read(`/admin/session/${handle}?ended=0`))).toContain("nothing was ended");
    expect((await get(`/admin/session/${handle}/end`)).headers.get("location")).toContain("ended=0");
    expect(events.length).toBe(1);
  });

  test("ends all sessions of a user", async () => {
    const { sessions } = sessionsInTime();
    const recorder = recordEvents(sessions);
    onTestFinished(() => recorder[Symbol.dispose]());
    for (let n = 0; n < 3; n++) await visitor(sessions, "a/b");
    const { read, post } = await operatorOf(sessions, { manage: true, recorder });
    expect(textOf(await read("/admin/user/end?id=a%2Fb"))).toContain(
      "User a/b is logged out everywhere: 3 sessions",
    );
    const answer = await post("/admin/user/end?id=a%2Fb");
    expect(answer.headers.get("location")).toBe("/admin/user?id=a%2Fb&ended=3");
    const page = textOf(await read("/admin/user?id=a%2Fb&ended=3"));
    expect(page).toContain("3 sessions ended.");
    expect(page).toContain("all sessions of user a/b were revoked by the operator olga");
    expect(await sessions.count({ userId: "a/b" })).toBe(0);
  });

  test.each([
    [{ "sec-fetch-site": "cross-site" }, 403],
    [{ "sec-fetch-site": "same-site" }, 403],
    [{ origin: "https://evil.example" }, 403],
    [{ "sec-fetch-site": "cross-site", origin: "https://wiki.example.com" }, 303],
    [{ origin: "http://localhost" }, 303],
  ])("ends nothing if a page of another site sent it: %o is %i", async (headers, status) => {
    const { sessions } = sessionsInTime();
    const handle = handleIn(await visitor(sessions, "ann"));
    const { post } = await operatorOf(sessions, {
      manage: true,
      csrf: { trust: ["https://wiki.example.com"] },
    });
    const answer = await post(`/admin/session/${handle}/end`, headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(await sessions.count({ handle })).toBe(status === 403 ? 1 : 0);
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
  });
});

test("a page that only reads has no way to end anything", async () => {
  const { sessions } = sessionsInTime();
  const handle = handleIn(await visitor(sessions, "ann"));
  const { read, post, get } = await operatorOf(sessions);
  for (const path of [`/admin/session/${handle}`, "/admin/user?id=ann"])
    expect(await read(path)).not.toMatch(/\/end|method="post"/);
  for (const path of [`/admin/session/${handle}/end`, "/admin/user/end?id=ann"]) {
    expect((await get(path)).status).toBe(404);
    expect((await post(path)).status).toBe(404);
  }
  expect((await post("/admin/sessions")).status).toBe(405);
  expect(await sessions.count({ handle })).toBe(1);
});

describe("whoever asks by code", () => {
  test("is named in events, logs and explanations too", async () => {
    const lines: unknown[][] = [];
    const log = (...line: unknown[]) => lines.push(line);
    const sessions = createSessions({ logger: { debug: log, info: log, warn: log, error: log } });
    onTestFinished(() => sessions.close());
    const handle = handleIn(await visitor(sessions as never, "ann"));
    await sessions.revoke({ handle }, { by: "olga" });
    expect(JSON.stringify(lines.at(-1))).toContain('"by":"olga"');
    await visitor(sessions as never, "ann");
    await sessions.revoke(await sessions.list({ userId: "ann" }).toArray(), { by: "sam" });
    expect(JSON.stringify(lines.at(-1))).toContain('"by":"sam"');
    await visitor(sessions as never, "ann");
    await sessions.revoke({ userId: "ann" });
    expect(JSON.stringify(lines.at(-1))).not.toContain('"by"');
  });

  test.each([{ by: "" }, { by: 1 }])("with %o names nobody, and is refused", async (options) => {
    const sessions = createSessions();
    await expect(sessions.revoke({ userId: "ann" }, options as never)).rejects.toThrow(TypeError);
    await expect(sessions.revoke({ userId: "ann" }, { who: "x" } as never)).rejects.toThrow("who");
  });
});
