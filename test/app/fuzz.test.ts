import fc from "fast-check";
import { App } from "micropie";
import { expect, test } from "vitest";
import { client, quiet, textOf } from "./_client.ts";

class Site extends App {
  index() {
    return "index";
  }
  greet(name = "Guest") {
    return name;
  }
  async body() {
    const { request } = this;
    let size = 0;
    for await (const chunk of request.body ?? []) size += chunk.byteLength;
    for await (const file of request.files) size += (await file.bytes()).byteLength;
    return { json: request.json() ?? null, a: request.form("a") ?? null, size };
  }
}

const TYPES = [
  "application/json",
  "application/x-www-form-urlencoded",
  "multipart/form-data; boundary=x",
  'multipart/form-data; boundary="x',
  "multipart/form-data",
  "text/plain",
  "",
];
const PARTS = [
  "--x",
  "--x--",
  "\r\n",
  'Content-Disposition: form-data; name="a"',
  '; filename="b"',
  "{",
  "}",
  "=",
  "&",
];

test("any path gets a response of a route, a 400 or a 404", async () => {
  const app = new Site();
  const segments = fc.oneof(
    fc.string(),
    fc.constantFrom("greet", "__proto__", "constructor", "%", "..", "%2e", "ws_x"),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(segments), async (path) => {
      const { status } = await app.fetch(new Request(`http://localhost/${path.join("/")}`));
      expect([200, 400, 404]).toContain(status);
    }),
    { numRuns: 1000 },
  );
});

test("any body gets a response or a 4xx, and so does the next request", async () => {
  const stderr = quiet();
  const call = await client(new Site({ limits: { bodySize: 500, uploadSize: 500 } }));
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 800 }),
    fc.array(fc.oneof(fc.constantFrom(...PARTS), fc.string())).map((parts) => Buffer.from(parts.join(""))),
  );
  await fc.assert(
    fc.asyncProperty(bodies, fc.constantFrom(...TYPES), async (body, type) => {
      const response = await call("/body", {
        method: "POST",
        body: new Uint8Array(body),
        headers: { "content-type": type },
      });
      await response.text();
      expect([200, 400, 413]).toContain(response.status);
    }),
    { numRuns: 500 },
  );
  expect(stderr.said).toBe("");
  expect(await textOf(call("/"))).toBe("index");
});

test("any bytes on a socket leave the server running", async () => {
  quiet();
  const call = await client(new Site());
  const line = fc
    .tuple(fc.constantFrom("GET", "POST", "HEAD", "BREW"), fc.string())
    .map(
      ([method, target]) =>
        `${method} ${target} HTTP/1.1\r\nHost: ${target}\r\nCookie: session_id=${target}\r\n\r\n`,
    );
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), line), async (bytes) => {
      await call.raw(bytes, { end: true });
    }),
    { numRuns: 200 },
  );
  expect(await textOf(call("/"))).toBe("index");
});
