import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { App } from "micropie";
import { backendSuite } from "micropie/testing";
import { afterEach, describe, expect, test } from "vitest";
import { devicesOn } from "./_example-visitor.ts";

const folder = fileURLToPath(new URL("../examples", import.meta.url));
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanups.splice(0)) await cleanUp();
});

/** A browser with one cookie jar, in front of a server that listens. */
function visitor(base: string, agent = "a browser") {
  const jar = new Map<string, string>();
  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers({ "user-agent": agent });
    if (jar.size > 0) headers.set("cookie", Array.from(jar, (pair) => pair.join("=")).join("; "));
    const response = await fetch(new URL(path, base), { redirect: "manual", headers, ...init });
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = line.split(";")[0]!.split("=");
      if (/max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }
  return {
    jar,
    ask,
    text: async (path: string) => (await ask(path)).text(),
    post: (path: string, fields: Record<string, string> = {}) =>
      ask(path, { method: "POST", body: new URLSearchParams(fields) }),
  };
}

/** Serves the default export of an example, as `npx micropie` does. */
async function served(file: string): Promise<string> {
  const { default: app } = (await import(join(folder, file))) as { default: App };
  const server = await app.serve({ port: 0, hostname: "localhost", signals: false });
  cleanups.push(() => server.close());
  return server.url;
}

function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "micropie-example-"));
  cleanups.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

test("each example of one file is run here", () => {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  const names = files.map(({ name }) => name).filter((name) => !/\.(md|d\.ts)$/.test(name));
  expect(names.sort()).toEqual([
    "cas-backend.ts",
    // What page.ts and the recipes share, as style.ts.
    "device.ts",
    "fetch-handler.ts",
    "flash.ts",
    "login.ts",
    "map-backend.ts",
    "own-backend.ts",
    // What the examples with a server of their own share, in example-apps.test.ts.
    "page.ts",
    "plain-node.ts",
    // What the examples with packages of their own share, in guides/.
    "serve.js",
    // In shared-store.test.ts.
    "shared-store.ts",
    "sql-backend.ts",
    "start.js",
    "stream.ts",
    "style.ts",
    "uploads.ts",
    // What the examples on Bun, Deno and Workers share, in runtimes/.
    "web-app.ts",
  ]);
});

test("visit-counter counts, also after a restart", async () => {
  process.env.SESSIONS = join(temporaryFolder(), "sessions.sqlite");
  cleanups.push(() => delete process.env.SESSIONS);
  const { ask, jar } = visitor(await served("visit-counter/app.ts"));
  expect(await (await ask("/")).text()).toContain("1");
  expect(await (await ask("/")).text()).toContain("2");
  expect(jar.size).toBe(1);
});

describe("own-backend", () => {
  test("counts visits", async () => {
    const here = process.cwd();
    process.chdir(temporaryFolder());
    cleanups.push(() => process.chdir(here));
    const { text } = visitor(await served("own-backend.ts"));
    expect(await text("/")).toBe("You have visited 1 times.\n");
    expect(await text("/")).toBe("You have visited 2 times.\n");
    expect(readdirSync("sessions")).toHaveLength(1);
  });

  describe("keeps the contract", async () => {
    const { JsonFilesBackend } = await import("../examples/own-backend.ts");
    const suite = backendSuite({
      create({ now }) {
        const backend = new (class extends JsonFilesBackend {
          override now = now;
        })(temporaryFolder());
        return { backend };
      },
    });
    for (const { name, run } of suite) test(name, run);
  });
});

test.each(["cas-backend.ts", "map-backend.ts", "sql-backend.ts"])(
  "%s counts; backends/{cas,own}.suite.test.ts run the suite on it",
  async (file) => {
    process.env.SESSIONS = join(temporaryFolder(), "sessions.sqlite");
    cleanups.push(() => delete process.env.SESSIONS);
    const { text, jar } = visitor(await served(file));
    expect(await text("/")).toBe("You have visited 1 times.\n");
    expect(await text("/")).toBe("You have visited 2 times.\n");
    expect(jar.size).toBe(1);
  },
);

test("plain-node counts and forgets", async () => {
  process.env.PORT = "0";
  const { server } = await import("../examples/plain-node.ts");
  delete process.env.PORT;
  cleanups.push(() => server.close());
  if (!server.listening) await once(server, "listening");
  const { text, ask, jar } = visitor(`http://localhost:${(server.address() as AddressInfo).port}`);
  expect(await text("/")).toBe("You have visited 1 times.\n");
  expect(await text("/")).toBe("You have visited 2 times.\n");
  expect((await ask("/logout")).status).toBe(303);
  expect(jar.size).toBe(0);
  expect(await text("/")).toBe("You have visited 1 times.\n");
});

test("fetch-handler keeps a list for each visitor", async () => {
  const { default: handler } = await import("../examples/fetch-handler.ts");
  const ask = async (path: string, cookie = "") => {
    const response = await handler.fetch(new Request(`http://localhost${path}`, { headers: { cookie } }));
    const line = response.headers.get("set-cookie");
    return { list: await response.json(), cookie: line?.split(";")[0] ?? cookie };
  };
  const first = await ask("/add?item=apple");
  expect((await ask("/add?item=pear", first.cookie)).list).toEqual(["apple", "pear"]);
  expect((await ask("/", first.cookie)).list).toEqual(["apple", "pear"]);
  expect((await ask("/")).list).toEqual([]);
});

test("login: two devices, one of them logs out everywhere", async () => {
  const url = await served("login.ts");
  const phone = visitor(url, "a phone");
  const laptop = visitor(url, "a <laptop>");
  const ann = { name: "ann", password: "correct horse" };

  expect((await phone.post("/login", { ...ann, password: "wrong" })).status).toBe(401);
  expect(phone.jar.size).toBe(0);
  expect((await phone.post("/login", ann)).status).toBe(303);
  await laptop.post("/login", ann);
  const page = await phone.text("/");
  expect(devicesOn(page).map(({ name, current }) => [name, current])).toEqual([
    ["a phone", true],
    ["a &lt;laptop&gt;", false],
  ]);

  expect((await phone.ask("/logout")).status).toBe(405);
  const old = new Map(phone.jar);
  await phone.post("/logout");
  expect(phone.jar.size).toBe(0);
  for (const [name, value] of old) phone.jar.set(name, value);
  expect(await phone.text("/")).toContain("Sign in");

  phone.jar.clear();
  await phone.post("/login", ann);
  const [handle] = /(?<=value=")[\w-]{16}(?=")/.exec(await laptop.text("/")) ?? [];
  await visitor(url).post("/end", { handle: handle! });
  expect(await laptop.text("/")).toContain("You are ann");
  await laptop.post("/logout_everywhere");
  expect(await laptop.text("/")).toContain("Sign in");
  expect(await phone.text("/")).toContain("Sign in");
});

test("flash shows its message once", async () => {
  const { post, text } = visitor(await served("flash.ts"));
  await post("/add", { note: "<b>milk</b>" });
  const page = await text("/");
  expect(page).toContain("Your note was added.");
  expect(page).toContain("&lt;b&gt;milk&lt;/b&gt;");
  expect(await text("/")).not.toContain("Your note was added.");
});

test("uploads hashes files and refuses large ones", async () => {
  const { ask, text } = visitor(await served("uploads.ts"));
  const form = new FormData();
  form.append("file", new Blob(["hello"]), "hello.txt");
  form.append("file", new Blob([""]), "empty.txt");
  expect((await ask("/upload", { method: "POST", body: form })).status).toBe(303);
  const page = await text("/");
  expect(page).toContain(
    "hello.txt: 5 bytes, 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
  );
  expect(page).toContain("empty.txt: 0 bytes");

  const large = new FormData();
  large.append("file", new Blob([new Uint8Array(11 * 1024 * 1024)]), "large");
  expect((await ask("/upload", { method: "POST", body: large })).status).toBe(413);
  expect(await text("/")).not.toContain("large");
});

test("stream saves at its first byte and at its end", async () => {
  const { text, jar } = visitor(await served("stream.ts"));
  expect(await text("/")).toBe("Started 1 times, finished 0 times.\n3\n2\n1\nDone.\n");
  expect(jar.size).toBe(1);
  expect(await text("/")).toContain("Started 2 times, finished 1 times.");
});
