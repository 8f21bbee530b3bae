import { App, Html, HttpError, html, redirect, reply } from "micropie";
import { HeaderError } from "micropie/app/http-error";
import { describe, expect, test } from "vitest";
import { client, quiet, textOf } from "./_client.ts";

class Answers extends App {
  text() {
    return "<b>é</b>";
  }
  page(name = "<script>alert('x')</script>") {
    return html`<p title="${name}">${name}</p>`;
  }
  bytes() {
    return new Uint8Array([0, 255]);
  }
  object() {
    return { a: 1 };
  }
  array() {
    return [200, "x", {}];
  }
  number() {
    return 42;
  }
  no() {
    return false;
  }
  nothing() {}
  nil() {
    return null;
  }
  blob() {
    return new Blob(["x"], { type: "text/css" });
  }
  made() {
    return reply(201, { id: 1 }, { "X-Thing": "yes", "Set-Cookie": ["a=1", "b=2"] });
  }
  typed() {
    return reply(200, "body{}", [["Content-Type", "text/css"]]);
  }
  gone() {
    return reply(204, "dropped");
  }
  response() {
    return new Response("whole", { status: 418, headers: { "x-thing": "yes" } });
  }
  thenable() {
    // biome-ignore lint/suspicious/noThenProperty: some libraries return such objects
    return { then: (resolve: (value: string) => void) => resolve("later") };
  }
  refuse() {
    throw new HttpError(403, "Not yours", { headers: { "x-why": "because" } });
  }
  leak() {
    throw new Error("password=hunter2");
  }
  throwsNothing() {
    throw undefined;
  }
  fn() {
    return () => 1;
  }
  cycle() {
    const a: Record<string, unknown> = {};
    a.a = a;
    return a;
  }
  async used() {
    const response = new Response("once");
    await response.text();
    return response;
  }
  inject() {
    return reply(200, "x", { "x-user": "a\r\nset-cookie: admin=1" });
  }
  length() {
    return reply(200, "four", { "Content-Length": "3", "Transfer-Encoding": "chunked" });
  }
  refuseBadly() {
    throw new HttpError(403, "No", { headers: { "x-why": "a\nb" } });
  }
  go(to: string) {
    return redirect(to);
  }
}

describe("responses", () => {
  test.each<[string, number, string | null, string]>([
    ["/text", 200, "text/plain; charset=utf-8", "<b>é</b>"],
    ["/object", 200, "application/json", '{"a":1}'],
    ["/array", 200, "application/json", '[200,"x",{}]'],
    ["/number", 200, "text/plain; charset=utf-8", "42"],
    ["/no", 200, "text/plain; charset=utf-8", "false"],
    ["/nothing", 204, null, ""],
    ["/nil", 204, null, ""],
    ["/blob", 200, "text/css", "x"],
    ["/made", 201, "application/json", '{"id":1}'],
    ["/typed", 200, "text/css", "body{}"],
    ["/gone", 204, null, ""],
    ["/response", 418, "text/plain;charset=UTF-8", "whole"],
    ["/thenable", 200, "text/plain; charset=utf-8", "later"],
    ["/refuse", 403, "text/plain; charset=utf-8", "403 Forbidden: Not yours"],
  ])("%s, served and by fetch", async (path, status, type, body) => {
    const app = new Answers();
    const get = await client(app);
    for (const response of [await get(path), await app.fetch(new Request(`http://localhost${path}`))]) {
      expect(response.status).toBe(status);
      expect(response.headers.get("content-type")).toBe(type);
      expect(await response.text()).toBe(body);
    }
    const head = await get(path, { method: "HEAD" });
    expect([head.status, head.headers.get("content-type"), await head.text()]).toEqual([status, type, ""]);
  });

  test("HEAD has the Content-Length of GET", async () => {
    const app = new Answers();
    const get = await client(app);
    const served = await get("/text", { method: "HEAD" });
    const fetched = await app.fetch(new Request("http://localhost/text", { method: "HEAD" }));
    expect([served.headers.get("content-length"), fetched.headers.get("content-length")]).toEqual(["9", "9"]);
    expect(fetched.body).toBe(null);
  });

  test("Content-Length is that of the body, whatever the application sets", async () => {
    const response = await (await client(new Answers())).raw(
      "GET /length HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    expect(response.match(/content-length: \d+|transfer-encoding/gi)).toEqual(["content-length: 4"]);
  });

  test("bytes, headers with several values, and headers of an error", async () => {
    const get = await client(new Answers());
    expect([...new Uint8Array(await (await get("/bytes")).arrayBuffer())]).toEqual([0, 255]);
    const made = await get("/made");
    expect([made.headers.get("x-thing"), made.headers.getSetCookie()]).toEqual(["yes", ["a=1", "b=2"]]);
    expect((await get("/refuse")).headers.get("x-why")).toBe("because");
  });

  test.each(["leak", "refuseBadly", "throwsNothing", "fn", "cycle", "used", "inject"])(
    "%s is a 500 whose details are only on stderr",
    async (path) => {
      const stderr = quiet();
      const get = await client(new Answers());
      const response = await get(`/${path}`);
      expect([response.status, await response.text()]).toEqual([500, "500 Internal Server Error"]);
      expect(response.headers.getSetCookie()).toEqual([]);
      expect(stderr.said).not.toBe("");
      if (path === "leak") expect(stderr.said).toMatch(/hunter2[\s\S]+answers\.test/);
    },
  );

  test("redirects encode characters that a URL cannot contain, so they cannot add headers", async () => {
    const get = await client(new Answers());
    const to = async (path: string) => (await get(`/go/${encodeURIComponent(path)}`)).headers.get("location");
    expect(await to("/read?a=1&b=%20")).toBe("/read?a=1&b=%20");
    expect(await to("/ä b\r\nset-cookie: x=1")).toBe("/%C3%A4%20b%0D%0Aset-cookie:%20x=1");
    expect(await to("/\\evil.example")).toBe("/%5Cevil.example");
    expect(await to("/😀")).toBe("/%F0%9F%98%80");
    expect(redirect("/\ud800").headers).toEqual([["location", "/%EF%BF%BD"]]);
    expect(redirect(new URL("http://a.example/b"), 303).status).toBe(303);
    expect(() => redirect("/x", 200)).toThrow(RangeError);
  });

  test.each(["a\nb", "a\rb", "a\0b", "日本"])(
    "the header value %j throws an error that names the header",
    (value) => {
      const attempt = () => reply(200, "", { "x-user": value });
      expect(attempt).toThrow(HeaderError);
      expect(attempt).toThrow(/x-user/);
    },
  );

  test("an invalid header name or status throws", () => {
    expect(() => reply(200, "", { "x user": "a" })).toThrow(HeaderError);
    expect(() => reply(99)).toThrow(RangeError);
    expect(() => new HttpError(200)).toThrow(RangeError);
  });
});

describe("html", () => {
  test("escapes values in text and in attributes", async () => {
    const page = await textOf(new Answers().fetch(new Request("http://localhost/page")));
    const name = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;";
    expect(page).toBe(`<p title="${name}">${name}</p>`);
    expect(String(html`${'&<>"'}`)).toBe("&amp;&lt;&gt;&quot;");
  });

  test("inserts nested html and arrays, and leaves out null and booleans", () => {
    const items = ["<a>", "b"].map((item) => html`<li>${item}</li>`);
    expect(String(html`<ul>${items}</ul>${null}${undefined}${false}${true}${0}`)).toBe(
      "<ul><li>&lt;a&gt;</li><li>b</li></ul>0",
    );
    expect(String(html`${["<", ["&"]]}`)).toBe("&lt;&amp;");
    expect(String(html`${new Html("<hr>")}`)).toBe("<hr>");
  });

  test("an object that imitates Html is escaped", () => {
    const fake = JSON.parse('{"text":"<script>"}') as object;
    expect(String(html`${Object.assign(fake, { toString: () => "<script>" })}`)).toBe("&lt;script&gt;");
  });
});
