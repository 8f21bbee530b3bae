import { afterAll, beforeAll, expect, test } from "vitest";
import { type ExampleServer, startExample } from "./_example-server.ts";
import { CHROME, type ExampleVisitor, endingCases, exampleVisitor, FIREFOX } from "./_example-visitor.ts";
import { sharedCacheCases } from "./_shared-cache-cases.ts";

/** What every example does that is this little application, started by `npm start` in its folder. */
export async function exampleCases(
  name: string,
  behindCache: Parameters<typeof sharedCacheCases>[1] = {},
): Promise<void> {
  let server: ExampleServer;
  beforeAll(async () => {
    server = await startExample(name);
  });
  afterAll(() => server?.stop());
  const visitor = (jar?: Map<string, string>, userAgent = "Mozilla/5.0"): ExampleVisitor =>
    exampleVisitor(server.url, jar, { "user-agent": userAgent });

  test("says first where it listens, and what to try", () => {
    expect(server.screen).toContain(`listens on ${server.url}\n\nTry this\n  1. Open it`);
  });

  test("sets no cookie before there is something to keep, and one safe cookie then", async () => {
    const ann = visitor();
    expect(await ann.count()).toBe(0);
    expect(ann.jar.size).toBe(0);
    const counted = await ann.post("/count");
    expect([counted.status, counted.headers.get("location")]).toEqual([303, "/"]);
    expect(counted.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^session_id=[\w-]{48}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ]);
    expect(counted.headers.get("cache-control")).toBe("no-store");
    expect((await ann.post("/count")).headers.getSetCookie()).toEqual([]);
    expect(await ann.count()).toBe(2);
  });

  test("counts every one of many requests at once", async () => {
    const ann = visitor();
    await ann.post("/count");
    await Promise.all(Array.from({ length: 20 }, () => ann.post("/count")));
    expect(await ann.count()).toBe(21);
  });

  test("signs in under a new id, and out for good", async () => {
    const ann = visitor();
    await ann.post("/count");
    const before = new Map(ann.jar);
    expect((await ann.post("/login", { name: "ann <b>" })).status).toBe(303);
    expect(ann.jar.get("session_id")).not.toBe(before.get("session_id"));
    expect(await (await ann.get("/")).text()).toMatch(/ann &(lt|#60|#x3c);b&(gt|#62|#x3e);/i);
    expect(await ann.count()).toBe(1);
    expect(await visitor(before).count()).toBe(0);
    const signedIn = new Map(ann.jar);
    await ann.post("/logout");
    expect(ann.jar.size).toBe(0);
    expect(await visitor(signedIn).count()).toBe(0);
  });

  test("lists the devices of a user, and logs all of them out", async () => {
    const [one, two, bob] = [visitor(undefined, FIREFOX), visitor(undefined, CHROME), visitor()];
    for (const device of [one, two]) await device.post("/login", { name: "carol" });
    await bob.post("/login", { name: "bob" });
    const devices = await two.devices();
    expect(devices.map(({ current, name }) => [current, name])).toEqual([
      [false, "Firefox on Linux"],
      [true, "Chrome on Android"],
    ]);
    expect(devices[1]!.handle).toBe(two.jar.get("session_id")!.slice(0, 16));
    await one.post("/logout-everywhere");
    expect(one.jar.size).toBe(0);
    expect(await two.devices()).toEqual([]);
    expect(await bob.devices()).toHaveLength(1);
  });

  test("ends one device of a user, or all others, and none of another user", () => endingCases(visitor));

  test("streams part by part, and keeps what the stream stored at its end", async () => {
    const ann = visitor();
    await ann.post("/count");
    const response = await ann.get("/stream");
    const parts: string[] = [];
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) parts.push(part);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.join("")).toBe("part 1\npart 2\npart 3\npart 4\npart 5\nend\n");
    expect(await ann.count()).toBe(1);
  });

  await sharedCacheCases(() => server.url, behindCache);
}
