import { createHash } from "node:crypto";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { App, ConfigError, type UploadedFile } from "micropie";
import { BodyGoneError } from "micropie/app/http-error";
import { describe, expect, test } from "vitest";
import { client, gate, quiet, textOf } from "./_client.ts";

const FORM = "application/x-www-form-urlencoded";

class Bodies extends App {
  form() {
    const { request } = this;
    return [request.form("a", "none"), request.formAll("b"), request.form("__proto__", "none")];
  }
  json() {
    const { request } = this;
    return {
      all: request.json() ?? null,
      name: request.json("name", "none"),
      own: request.json("toString", "none"),
    };
  }
  async raw() {
    let size = 0;
    for await (const chunk of this.request.body ?? []) size += chunk.byteLength;
    return `${size}`;
  }
  nothing() {
    return `${this.request.body}`;
  }
  async files() {
    const seen = [];
    for await (const file of this.request.files) {
      seen.push({ name: file.name, filename: file.filename, type: file.type, text: await file.text() });
    }
    return { seen, before: this.request.form("before"), after: this.request.form("after") };
  }
  async skip() {
    const names = [];
    for await (const file of this.request.files) names.push(file.filename);
    return names;
  }
  async first() {
    for await (const file of this.request.files) return file.filename;
    return "none";
  }
  async kept() {
    const files = await listOf(this.request.files);
    return Promise.all(files.map((file) => told(file.text())));
  }
  async again() {
    const told1: unknown[] = [];
    for await (const file of this.request.files) {
      await file.text();
      told1.push(await told(file.text()), await told(file.bytes()));
    }
    return told1;
  }
  async rawTwice() {
    const { request } = this;
    await told(new Response(request.body).text());
    return [await told(new Response(request.body).text()), await told(listOf(request.body!))];
  }
  late: Promise<unknown>[] = [];
  /** Reads when the request is over. */
  async leaves() {
    const { request } = this;
    const files: UploadedFile[] = [];
    for await (const file of request.files) {
      files.push(file);
      break;
    }
    const { body } = request;
    const read = async (): Promise<unknown> => {
      await over.passed;
      return Promise.all([
        ...files.map((file) => told(file.text())),
        told(listOf(request.files)),
        ...(body === null ? [] : [told(new Response(body).text()), told(new Response(request.body).text())]),
      ]);
    };
    this.late.push(read());
  }
  ignore() {
    return `ignored ${this.request.form("before")}`;
  }
  async hash() {
    const hash = createHash("sha256");
    for await (const file of this.request.files) {
      for await (const chunk of file.stream) hash.update(chunk);
    }
    return hash.digest("hex");
  }
}

let over = gate();

async function listOf<T>(all: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const each of all) list.push(each);
  return list;
}

/** What a promise was rejected with, or the value. */
const told = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => `${(error as { code?: string }).code}: ${(error as Error).message}`,
  );

const post = (body: BodyInit, type?: string, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  body,
  headers: type === undefined ? headers : { "content-type": type, ...headers },
});

function upload(...parts: [name: string, value: string | Blob, filename?: string][]): RequestInit {
  const form = new FormData();
  for (const [name, value, filename] of parts) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, value, filename);
  }
  return { method: "POST", body: form };
}

describe.each(["served", "by fetch"])("request bodies, %s", (way) => {
  async function open(options: ConstructorParameters<typeof Bodies>[0] = {}) {
    const app = new Bodies(options);
    if (way === "served") return client(app);
    return async (path: string, init?: RequestInit) =>
      app.fetch(new Request(`http://localhost${path}`, init));
  }

  test("a form", async () => {
    const call = await open();
    expect(await (await call("/form", post("a=1&a=2&b=%C3%A9&b=x+y", FORM))).json()).toEqual([
      "1",
      ["é", "x y"],
      "none",
    ]);
    expect(await (await call("/form", post("__proto__=x", `${FORM}; charset=utf-8`))).json()).toEqual([
      "none",
      [],
      "x",
    ]);
    expect(await (await call("/form", { method: "POST" })).json()).toEqual(["none", [], "none"]);
  });

  test("JSON", async () => {
    const call = await open();
    const json = async (body: BodyInit) => (await call("/json", post(body, "application/json"))).json();
    expect(await json('{"name":"zed"}')).toEqual({ all: { name: "zed" }, name: "zed", own: "none" });
    expect(await json("[1]")).toEqual({ all: [1], name: "none", own: "none" });
    expect(await json('{"__proto__":{"name":"x"}}')).toMatchObject({ name: "none" });
    expect((await call("/json", post("7", "application/problem+json"))).status).toBe(200);
    for (const bad of ["{bad", "nul", new Uint8Array([34, 255, 34])]) {
      const response = await call("/json", post(bad, "application/json"));
      expect([response.status, await response.text()]).toEqual([400, "400 Bad Request: Bad JSON"]);
    }
  });

  test("other bodies are streams; JSON and forms are not", async () => {
    const call = await open();
    expect(await textOf(call("/raw", post("x".repeat(70_000), "text/csv")))).toBe("70000");
    expect(await textOf(call("/raw", post(new Uint8Array(5))))).toBe("5");
    expect(await textOf(call("/nothing", post("a=1", FORM)))).toBe("null");
    expect(await textOf(call("/nothing"))).toBe("null");
    expect(await textOf(call("/nothing", post("unread", "text/csv")))).toBe("[object ReadableStream]");
  });

  test("a body over a size limit is a 413", async () => {
    const call = await open({ limits: { bodySize: 10, uploadSize: 600, fileSize: 20, fields: 2, files: 1 } });
    const status = async (path: string, init: RequestInit) => (await call(path, init)).status;
    expect(await status("/form", post("a=12345678", FORM))).toBe(200);
    expect(await status("/form", post("a=123456789", FORM))).toBe(413);
    const endless = new Response("x".repeat(100)).body!;
    expect(
      await status("/json", { ...post(endless, "application/json"), duplex: "half" } as RequestInit),
    ).toBe(413);
    expect(await status("/form", post("a=&b=&c=", FORM))).toBe(413);
    expect(await status("/raw", post("x".repeat(601), "text/csv"))).toBe(413);
    expect(await status("/files", upload(["f", new Blob(["x".repeat(20)]), "f"]))).toBe(200);
    expect(await status("/files", upload(["f", new Blob(["x".repeat(21)]), "f"]))).toBe(413);
    expect(await status("/files", upload(["f", new Blob(["x"]), "f"], ["g", new Blob(["x"]), "g"]))).toBe(
      413,
    );
    expect(await status("/files", upload(["a", "12345678901"]))).toBe(413);
    expect(await status("/files", upload(["a", "123456"], ["b", "123456"]))).toBe(413);
    expect(await status("/files", upload(["a", ""], ["b", ""], ["c", ""]))).toBe(413);
    expect(await status("/files", upload(["f", new Blob(["x".repeat(900)]), "f"]))).toBe(413);
  });

  test("a malformed body is a 4xx", async () => {
    const call = await open();
    const status = async (init: RequestInit) => (await call("/files", init)).status;
    expect(await status(post("x", "multipart/form-data"))).toBe(400);
    expect(await status(post("--x\r\nnothing", "multipart/form-data; boundary=x"))).toBe(400);
    expect(await status(post(gzipSync("a=1"), FORM, { "content-encoding": "gzip" }))).toBe(415);
    expect(await status(post(gzipSync("{}"), "application/json", { "content-encoding": "br" }))).toBe(415);
    expect(await status(post("a=1", FORM, { "content-encoding": "identity" }))).toBe(200);
  });

  test("files arrive one by one, and later fields are available after them", async () => {
    const call = await open();
    const init = upload(
      ["before", "1"],
      ["f", new Blob(["first é"], { type: "text/plain" }), "../../etc/a b.txt"],
      ["g", new Blob(["second"], { type: "image/png" }), "é.png"],
      ["after", "2"],
    );
    expect(await (await call("/files", init)).json()).toEqual({
      before: "1",
      after: "2",
      seen: [
        { name: "f", filename: "a b.txt", type: "text/plain", text: "first é" },
        { name: "g", filename: "é.png", type: "image/png", text: "second" },
      ],
    });
    expect(await (await call("/files", upload(["after", "2"]))).json()).toEqual({ seen: [], after: "2" });
  });

  test("more parts than fields and files together are a 413, at once", async () => {
    const call = await open();
    const parts = "--x\r\n\r\n\r\n".repeat(1100);
    const last = '--x\r\nContent-Disposition: form-data; name="before"\r\n\r\n1\r\n';
    const type = "multipart/form-data; boundary=x";
    expect((await call("/files", post(`${parts}${last}--x--`, type))).status).toBe(413);
    const fewer = await call("/files", post(`${parts.slice(11)}${last}--x--`, type));
    expect(await fewer.json()).toMatchObject({ before: "1" });
    expect((await call("/files", post(last, `multipart/form-data; boundary=${"x".repeat(71)}`))).status).toBe(
      400,
    );
  });

  test("a file name has no NUL and no other control character", async () => {
    const call = await open();
    const body =
      '--x\r\nContent-Disposition: form-data; name="f"; filename="a.php\0\u001b.png"\r\n\r\nx\r\n--x--';
    const answer = await call("/skip", post(body, "multipart/form-data; boundary=x"));
    expect(await answer.json()).toEqual(["a.php.png"]);
  });

  test("a file or body that is read too late is an error that says why", async () => {
    const call = await open();
    const two = upload(["f", new Blob(["1"]), "f"], ["g", new Blob(["2".repeat(100_000)]), "g"]);
    const skipped = expect.stringMatching(
      /^body_gone: The file is gone, because the next file was requested/,
    );
    expect(await (await call("/kept", two)).json()).toEqual([skipped, skipped]);
    const again = expect.stringMatching(/^body_gone: The file was read already/);
    expect(await (await call("/again", two)).json()).toEqual([again, again, again, again]);
    const read = expect.stringMatching(/^body_gone: The body was read already/);
    expect(await (await call("/rawTwice", post("text", "text/csv"))).json()).toEqual([read, read]);
  });

  test("a file or body that is read when the request is over is an error that says so", async () => {
    over = gate();
    const app = new Bodies();
    const call =
      way === "served"
        ? await client(app)
        : (path: string, init?: RequestInit) => app.fetch(new Request(`http://localhost${path}`, init));
    const two = upload(["f", new Blob(["1".repeat(100_000)]), "f"], ["g", new Blob(["2"]), "g"]);
    expect((await call("/leaves", two)).status).toBe(204);
    expect((await call("/leaves", post("x".repeat(100_000), "text/csv"))).status).toBe(204);
    over.open();
    const [files, body] = await Promise.all(app.late);
    const form = expect.stringMatching(/^body_gone: The form is gone, because the request is over/);
    expect(files).toEqual([form, form]);
    const gone = expect.stringMatching(/^body_gone: The body is gone, because the request is over/);
    expect(body).toEqual([{ value: [] }, gone, gone]);
  });

  test("unread files do not delay the response", async () => {
    const call = await open();
    const big = new Blob([new Uint8Array(3_000_000)]);
    const init = upload(["before", "1"], ["f", big, "f"], ["g", big, "g"], ["h", big, "h"]);
    expect(await (await call("/skip", init)).json()).toEqual(["f", "g", "h"]);
    expect(await textOf(call("/first", init))).toBe("f");
    expect(await textOf(call("/ignore", init))).toBe("ignored 1");
  });

  test("a large file arrives complete", async () => {
    const call = await open();
    const bytes = Buffer.alloc(20_000_000, "0123456789abcdefghi");
    const wanted = createHash("sha256").update(bytes).digest("hex");
    expect(await textOf(call("/hash", upload(["f", new Blob([bytes]), "f"])))).toBe(wanted);
  });
});

describe("request bodies over a socket", () => {
  const head = (path: string, type: string, length: number | "chunked") =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: ${type}\r\n` +
    `${length === "chunked" ? "Transfer-Encoding: chunked" : `Content-Length: ${length}`}\r\n\r\n`;

  test("a body that does not arrive in time is a 408", async () => {
    const call = await client(
      new Bodies({ limits: { bodyTimeout: 0.05, stallTimeout: 0.05, uploadTimeout: 0.2 } }),
    );
    expect(await call.raw(`${head("/form", FORM, 10)}a=1`)).toMatch(/^HTTP\/1.1 408 /);
    expect(await call.raw(`${head("/json", "application/json", "chunked")}1\r\n{\r\n`)).toMatch(
      /^HTTP\/1.1 408 /,
    );
    expect(await call.raw(`${head("/raw", "text/csv", 10)}a`)).toMatch(/^HTTP\/1.1 408 /);
    const part = '--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nsome';
    expect(await call.raw(head("/files", "multipart/form-data; boundary=x", 1000) + part)).toMatch(
      /^HTTP\/1.1 408 /,
    );
  });

  test("a Content-Length over the limit is refused before the body arrives", async () => {
    const call = await client(new Bodies({ limits: { bodySize: 10 } }));
    expect(await call.raw(head("/form", FORM, 1e9))).toMatch(/^HTTP\/1.1 413 /);
  });

  test("the connection can be reused after a body that was too long or not read", async () => {
    const call = await client(new Bodies({ limits: { bodySize: 1000 } }));
    const chunk = `10000\r\n${"x".repeat(65_536)}\r\n`.repeat(100);
    const part = '--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n';
    const multipart = "multipart/form-data; boundary=x";
    const keep = (path: string, type: string, body: string) =>
      head(path, type, "chunked").replace("close", "keep-alive") +
      `${body.length.toString(16)}\r\n${body}\r\n${chunk}0\r\n\r\n`;
    const last = "GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses(await call.raw(keep("/form", FORM, "a=1") + last))).toEqual(["413", "200"]);
    expect(statuses(await call.raw(keep("/raw", "text/csv", "a") + last))).toEqual(["200", "200"]);
    expect(statuses(await call.raw(keep("/nothing", "text/csv", "a") + last))).toEqual(["200", "200"]);
    expect(statuses(await call.raw(keep("/first", multipart, part) + last))).toEqual(["200", "200"]);
    const whole = `${part}some\r\n--x--\r\n`;
    expect(statuses(await call.raw(keep("/files", multipart, whole) + last))).toEqual(["200", "200"]);
    expect(statuses(await call.raw(keep("/nowhere", FORM, "a=1") + last))).toEqual(["404", "200"]);
  });

  test("an incomplete body is an error for the handler, and the server keeps running", async () => {
    const inside = gate();
    const cut = gate<unknown>();
    class Cut extends Bodies {
      async read() {
        try {
          for await (const file of this.request.files) {
            inside.open();
            await file.text();
          }
        } catch (error) {
          cut.open(error);
          throw error;
        }
      }
    }
    const call = await client(new Cut());
    const socket = connect(call.port, "127.0.0.1");
    socket.write(`${head("/read", "multipart/form-data; boundary=x", 1000)}--x\r\n`);
    socket.write('Content-Disposition: form-data; name="f"; filename="f"\r\n\r\nsome');
    await inside.passed;
    socket.resetAndDestroy();
    expect(await cut.passed).toMatchObject({ status: 400 });
    for (const type of [FORM, "application/json", "text/csv"]) {
      const other = connect(call.port, "127.0.0.1");
      other.write(`${head("/form", type, 1000)}a=1`, () => other.resetAndDestroy());
    }
    expect(await textOf(call("/nothing"))).toBe("null");
  });

  test("a body shorter than its Content-Length is a 400 with fetch", async () => {
    const request = new Request("http://localhost/form", post("a=1", FORM, { "content-length": "10" }));
    expect((await new Bodies().fetch(request)).status).toBe(400);
  });

  test("a 404 does not wait for the body", async () => {
    const call = await client(new Bodies());
    expect(await call.raw(head("/nowhere", FORM, 10))).toMatch(/^HTTP\/1.1 404 /);
  });

  test("a malformed multipart form is an error for the handler that reads it", async () => {
    quiet();
    const call = await client(new Bodies());
    const body = '--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nno end';
    expect((await call("/files", post(body, "multipart/form-data; boundary=x"))).status).toBe(400);
  });
});

test.each([{ bodySize: -1 }, { bodySize: Number.NaN }, { size: 1 }])(
  "limits %o throw ConfigError",
  (limits) => {
    expect(() => new App({ limits: limits as { bodySize: number } })).toThrow(ConfigError);
  },
);

test("form() lists all fields, and query() all values of the query, with repeated names", async () => {
  class Lists extends App {
    async index() {
      for await (const file of this.request.files) await file.text();
      return [[...this.request.form()], [...this.request.query()]];
    }
  }
  const app = new Lists();
  const form = new FormData();
  for (const [name, value] of [
    ["a", "1"],
    ["__proto__", "2"],
    ["a", "3"],
  ] as const)
    form.append(name, value);
  form.append("f", new Blob(["text"]), "a.txt");
  form.append("b", "late");
  const ask = async (init: RequestInit) =>
    (await app.fetch(new Request("http://localhost/?x=1&y=2&x=3", init))).json();
  const query = [
    ["x", "1"],
    ["y", "2"],
    ["x", "3"],
  ];
  expect(await ask({})).toEqual([[], query]);
  const fields = [
    ["a", "1"],
    ["a", "3"],
    ["__proto__", "2"],
  ];
  expect(await ask({ method: "POST", body: form })).toEqual([[...fields, ["b", "late"]], query]);
  expect(await ask({ method: "POST", body: new URLSearchParams("a=1&__proto__=2&a=3") })).toEqual([
    fields,
    query,
  ]);
});

describe("request.raw", () => {
  class Raw extends App {
    async index() {
      const { request } = this;
      const { raw } = request;
      const read = request.query("read") as "text" | "json" | "formData";
      const looked = [request.form("a", "none"), request.json() ?? null];
      try {
        const value: unknown = await raw[read]();
        return [...looked, value instanceof FormData ? [...value] : value, raw === request.raw];
      } catch (error) {
        return [...looked, error instanceof BodyGoneError ? error.message : `${error}`];
      }
    }
  }
  const form = new FormData();
  form.append("a", "1");

  test.each<[string, RequestInit, unknown[]]>([
    [
      "formData",
      { body: new URLSearchParams("a=1&a=2&b=%20") },
      [
        "1",
        null,
        [
          ["a", "1"],
          ["a", "2"],
          ["b", " "],
        ],
        true,
      ],
    ],
    ["text", { body: new URLSearchParams("a=1&b=%20") }, ["1", null, "a=1&b=+", true]],
    [
      "text",
      { body: '{ "a": 1 }', headers: { "content-type": "application/json" } },
      ["none", { a: 1 }, '{ "a": 1 }', true],
    ],
    ["text", { body: "plain" }, ["none", null, "plain", true]],
    [
      "formData",
      { body: form },
      ["1", null, "The App reads multipart forms itself. Use `form`, `formAll` and `files` of this.request."],
    ],
  ])("%s() reads what the App has read, or says what to use", async (read, init, seen) => {
    const app = new Raw();
    const path = `/?read=${read}`;
    const post = { method: "POST", ...init };
    expect(await (await (await client(app))(path, post)).json()).toEqual(seen);
    expect(await (await app.fetch(new Request(`http://localhost${path}`, post))).json()).toEqual(seen);
  });
});
