import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { virtualEnvironment } from "micropie/testing";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ensureDist, main, Running } from "./_command.ts";
import { begin, micropie } from "./_operated.ts";

const folder = mkdtempSync(join(tmpdir(), "micropie-cli-admin-"));
const STORE = "file:sessions.sqlite";
let handles: string[];

beforeAll(async () => {
  ensureDist();
  const backend = new SqliteSessionBackend(join(folder, "sessions.sqlite"));
  const clock = virtualEnvironment();
  ({ handles } = await begin(
    backend,
    [
      { user: "ann", data: { role: "admin", card: "4111" } },
      { user: "ben", data: {} },
    ],
    clock,
  ));
  await backend.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts the command; returns it with the link that it prints. */
async function started(args: readonly string[]): Promise<{ command: Running; url: string; path: string }> {
  const command = new Running(process.execPath, [main, "admin", ...args], folder);
  onTestFinished(() => command.stop().then(() => {}));
  const [, url, path] = await command.printed(/(http:\/\/localhost:\d+)(\/enter\/\S+)/);
  return { command, url: url!, path: path! };
}

/** Opens the link; returns the Cookie header that it gives. */
async function entered(url: string, path: string): Promise<string> {
  const answer = await fetch(url + path, { redirect: "manual" });
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "/admin/"]);
  return answer.headers.getSetCookie()[0]!.split(";")[0]!;
}

describe("micropie admin", () => {
  test("shows a store to the browser that opens its link, once, and only reads", async () => {
    const { command, url, path } = await started(["--store", STORE]);
    expect(command.out).toContain("read-only");
    for (const other of ["/", "/admin/", "/admin/sessions", "/enter/", `/enter/${"x".repeat(32)}`])
      expect((await fetch(url + other)).status, other).toBeGreaterThanOrEqual(400);
    const cookie = await entered(url, path);
    expect((await fetch(url + path, { redirect: "manual", headers: { cookie } })).status).toBe(404);
    const read = async (place: string) =>
      (await fetch(`${url}/admin/${place}`, { headers: { cookie } })).text();
    expect(await read("")).toContain(userInfo().username);
    const sessions = await read("sessions");
    for (const handle of handles) expect(sessions).toContain(handle);
    expect(await read(`session/${handles[0]}`)).not.toMatch(/4111|admin"|End this session/);
    command.process.kill("SIGINT");
    // A program that was asked to stop says so.
    await expect.poll(() => command.process.signalCode).toBe("SIGINT");
  });

  test("ends sessions with --manage, in the name of whoever runs it, and shows the keys of --data", async () => {
    const { url, path } = await started(["--store", STORE, "--manage", "--data", "role"]);
    const cookie = await entered(url, path);
    const place = `${url}/admin/session/${handles[1]}`;
    const first = await (await fetch(`${url}/admin/session/${handles[0]}`, { headers: { cookie } })).text();
    expect(first).toContain("&quot;role&quot;: &quot;admin&quot;");
    expect(first).not.toContain("4111");
    const headers = { cookie, "sec-fetch-site": "same-origin" };
    await fetch(`${place}/end`, { method: "POST", headers });
    const after = await (await fetch(place, { headers: { cookie } })).text();
    expect(after).toContain(`revoked by the operator ${userInfo().username}.`);
  });

  test("takes the sessions, and the recorder, of a module", async () => {
    const backend = new URL("../dist/backends/sqlite.js", import.meta.url).href;
    const core = new URL("../dist/index.js", import.meta.url).href;
    writeFileSync(
      join(folder, "config.js"),
      `import { createSessions } from ${JSON.stringify(core)};
import { SqliteSessionBackend } from ${JSON.stringify(backend)};
export const sessions = createSessions({ backend: new SqliteSessionBackend("sessions.sqlite") });`,
    );
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    const { url, path } = await started(["--config", "config.js"]);
    const cookie = await entered(url, path);
    expect(await (await fetch(`${url}/admin/user?id=ann`, { headers: { cookie } })).text()).toContain(
      handles[0],
    );
  });

  test.each([
    ["", "where are the sessions?"],
    ["--store file:sessions.sqlite x", "admin takes no argument, got 1"],
    ["--store file:sessions.sqlite --port x", "--port must be a whole number"],
    ["--store file:sessions.sqlite --mange", "Did you mean --manage?"],
  ])("refuses %j with exit code 2", async (args, message) => {
    const { code, err } = await micropie(folder, ["admin", ...args.split(" ").filter(Boolean)]);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  });

  test("says how it is used", async () => {
    const { code, out } = await micropie(folder, ["admin", "--help"]);
    expect([code, out]).toEqual([0, expect.stringContaining("prints a link that opens it once")]);
  });
});
