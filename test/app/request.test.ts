import { App } from "micropie";
import { describe, expect, test } from "vitest";
import { client, gate, quiet, textOf } from "./_client.ts";

interface Data {
  name: string;
}

let meet: () => Promise<void> = async () => {};

/** Blocks callers until `size` of them have arrived. */
function meetAt(size: number): void {
  const all = gate();
  let here = 0;
  meet = () => {
    here += 1;
    if (here === size) all.open();
    return all.passed;
  };
}

class Site extends App<Data> {
  async #whoAsks(): Promise<string> {
    await meet();
    return this.request.query("name", "nobody");
  }
  async index() {
    const before = this.request.query("name");
    this.request.session.name = await this.#whoAsks();
    await new Promise(setImmediate);
    return `${before} ${this.request.session.name} ${this.request.query("name")}`;
  }
  async *stream() {
    for (let i = 0; i < 3; i++) {
      await meet();
      yield `${this.request.query("name")} `;
    }
  }
  name() {
    return this.request.session.name;
  }
  all() {
    const { request } = this;
    return {
      method: request.method,
      path: request.path,
      url: request.url.pathname + request.url.search,
      header: request.headers.get("x-a"),
      x: request.query("x", "none"),
      xs: request.queryAll("x"),
      missing: request.query("missing") ?? null,
      raw: request.raw instanceof Request,
    };
  }
  replace() {
    this.request.session = { name: "new" };
    return Object.keys(this.request.session);
  }
}

describe("this.request", () => {
  test("is the current request in overlapping handlers, helpers and streams", async () => {
    const call = await client(new Site());
    const names = Array.from({ length: 50 }, (_, i) => `n${i}`);
    meetAt(2 * names.length);
    const answers = await Promise.all(
      names.flatMap((name) => [textOf(call(`/?name=${name}`)), textOf(call(`/stream?name=${name}`))]),
    );
    expect(answers).toEqual(names.flatMap((name) => [`${name} ${name} ${name}`, `${name} ${name} ${name} `]));
  });

  test("throws outside of a request", () => {
    expect(() => new Site().request).toThrow(/no current request/);
  });

  test("has the method, path, query, headers, cookies and body, on a server and with fetch", async () => {
    const app = new Site();
    const call = await client(app);
    const init = { headers: { "x-a": "é" } };
    const expected = {
      method: "GET",
      path: "/all",
      url: "/all?x=1&x=%C3%A9&y",
      header: "é",
      x: "1",
      xs: ["1", "é"],
      missing: null,
      raw: true,
    };
    expect(await (await call("/all?x=1&x=%C3%A9&y", init)).json()).toEqual(expected);
    const request = new Request("http://localhost/all?x=1&x=%C3%A9&y#hash", init);
    expect(await (await app.fetch(request)).json()).toEqual(expected);
    const put = await (await call("/all", { ...init, method: "PUT" })).json();
    expect([put.method, put.x]).toEqual(["PUT", "none"]);
  });

  test("unusual request targets are parsed like URLs", async () => {
    const call = await client(new Site());
    const get = (target: string) =>
      call.raw(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect(await get("/x/../all?x=1")).toMatch(/"path":"\/all"/);
    expect(await get("/x/%2e%2e/all")).toMatch(/"path":"\/all"/);
    expect(await get("http://other.example/all?x=1")).toMatch(/"path":"\/all".*"x":"1"/);
    expect(await get("*")).toMatch(/ 404 /);
    expect(await get("//all")).toMatch(/ 404 /);
    expect(await get("\\\\all")).toMatch(/ 400 /);
  });

  test("an invalid Host header is a 400 only if the handler reads the URL", async () => {
    const stderr = quiet();
    const call = await client(new Site());
    const get = (target: string) =>
      call.raw(`GET ${target} HTTP/1.1\r\nHost: a:99999\r\nConnection: close\r\n\r\n`);
    expect(await get("/all")).toMatch(/ 400 [\s\S]*The Host header is not valid/);
    expect(await get("/x/../all")).toMatch(/ 400 [\s\S]*The Host header is not valid/);
    expect(await get("/x/../?name=Ann")).toMatch(/ 200 /);
    expect(await get("http://a:99999/all")).toMatch(/ 40[04] /);
    expect(stderr.said).toBe("");
  });

  test("assigning the session replaces its data", async () => {
    const call = await client(new Site());
    await call("/?name=old");
    expect(await (await call("/replace")).json()).toEqual(["name"]);
    expect(await textOf(call("/name"))).toBe("new");
  });

  test("fetch works when it is detached from the App", async () => {
    const { fetch } = new Site();
    expect(await textOf(fetch(new Request("http://localhost/stream?name=x")))).toBe("x x x ");
  });

  test("code that continues after an error response cannot use the session", async () => {
    quiet();
    const answered = gate();
    const late = gate<unknown>();
    class Leaves extends App<Data> {
      index() {
        const { session } = this.request;
        void (async () => {
          await answered.passed;
          try {
            this.request.session = session;
            this.request.session = { name: "late" };
          } catch (error) {
            late.open(error);
          }
        })();
        throw new Error("boom");
      }
    }
    await (await client(new Leaves()))("/");
    answered.open();
    expect(await late.passed).toMatchObject({ code: "not_live" });
  });
});
