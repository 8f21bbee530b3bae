import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ExampleServer, startExample } from "../_example-server.ts";
import { CHROME, type ExampleVisitor, endingCases, exampleVisitor, FIREFOX } from "../_example-visitor.ts";
import { sharedCacheCases } from "../_shared-cache-cases.ts";

/** To install a framework, to build with it and to start, on a machine that does other things too. */
const SECONDS = 400;

/**
 * What an example with packages of its own does, driven over HTTP after `npm start`: the same as the others do
 * (test/example-apps.test.ts), however its framework is made.
 */
export async function guideCases(name: string, env: Record<string, string> = {}): Promise<void> {
  const store = mkdtempSync(join(tmpdir(), "micropie-guide-"));
  let server: ExampleServer;
  beforeAll(async () => {
    const start = performance.now();
    server = await startExample(name, {
      env: { NODE_ENV: "", NEXT_TELEMETRY_DISABLED: "1", SESSIONS: join(store, "sessions.sqlite"), ...env },
      seconds: SECONDS,
    });
    console.log(`${name}: served after ${Math.round((performance.now() - start) / 1000)} s`);
  }, SECONDS * 1000);
  afterAll(async () => {
    await server?.stop();
    rmSync(store, { recursive: true, force: true });
  });
  const visitor = (jar?: Map<string, string>, userAgent = "Mozilla/5.0"): ExampleVisitor =>
    exampleVisitor(server.url, jar, { "user-agent": userAgent });
  const home = async (who: ExampleVisitor): Promise<string> => {
    const response = await who.get("/");
    expect(response.status).toBe(200);
    return (await response.text()).replace(/<!--.*?-->/g, "");
  };

  test("says where it listens, and what to try", () => {
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
    expect(counted.headers.get("cache-control")).toContain("no-store");
    expect((await ann.post("/count")).headers.getSetCookie()).toEqual([]);
    expect(await ann.count()).toBe(2);
  });

  test("counts every one of many requests at once", async () => {
    const ann = visitor();
    await ann.post("/count");
    await Promise.all(Array.from({ length: 20 }, () => ann.post("/count")));
    expect(await ann.count()).toBe(21);
  });

  test("signs in under a new id, keeping the count; the old id is dead", async () => {
    const ann = visitor();
    await ann.post("/count");
    const before = new Map(ann.jar);
    expect((await ann.post("/login", { name: "ann <b>" })).status).toBe(303);
    expect(ann.jar.get("session_id")).not.toBe(before.get("session_id"));
    expect(await home(ann)).toMatch(/You are <b>ann &(lt|#60|#x3c);b/i);
    expect(await ann.count()).toBe(1);
    expect(await visitor(before).count()).toBe(0);
  });

  test("an answer that is no success sets no cookie", async () => {
    const ann = visitor();
    expect((await ann.post("/login", { name: " " })).status).toBe(400);
    expect(ann.jar.size).toBe(0);
  });

  test("signs out for good, whoever has kept the cookie", async () => {
    const ann = visitor();
    await ann.post("/login", { name: "ann" });
    const signedIn = new Map(ann.jar);
    expect((await ann.post("/logout")).status).toBe(303);
    expect(ann.jar.size).toBe(0);
    for (const who of [ann, visitor(signedIn)]) {
      expect(await home(who)).toContain("Nobody is signed in.");
      expect(await who.devices()).toEqual([]);
    }
  });

  test("lists the devices of a user, and logs all of them out, and nobody else", async () => {
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
    expect(await home(two)).toContain("Nobody is signed in.");
    expect(await home(bob)).toContain("You are <b>bob</b>");
  });

  test("ends one device of a user, or all others, and none of another user", () => endingCases(visitor));

  test("streams part by part; what changes meanwhile stays, and what the stream stores at its end too", async () => {
    const ann = visitor();
    await ann.post("/count");
    const response = await ann.get("/stream");
    const parts: string[] = [];
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      if (parts.length === 0) await ann.post("/count");
      parts.push(part);
    }
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.join("")).toBe("part 1\npart 2\npart 3\npart 4\npart 5\nend\n");
    expect(await ann.count()).toBe(2);
  });

  test("an id that was not given out is never taken on", async () => {
    const made = "A".repeat(48);
    const ann = visitor(new Map([["session_id", made]]));
    await ann.post("/count");
    expect(ann.jar.get("session_id")).not.toBe(made);
    expect(await ann.count()).toBe(1);
  });

  await sharedCacheCases(() => server.url);
}
