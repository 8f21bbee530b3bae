import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { SuiteCase } from "micropie/testing";
import { self } from "./self.ts";
import { SiteApp } from "./site-app.ts";

/** What is sent to an application, over HTTP or straight to its `fetch`. */
export type Ask = (path: string, init?: RequestInit) => Promise<Response>;

/** Serves the application; answers how to ask it. */
export type Serve = (app: SiteApp) => Promise<{ ask: Ask; close(): unknown }>;

interface Site {
  readonly app: SiteApp;
  readonly ask: Ask;
  visitor(): Visitor;
}

/** A browser with one cookie jar. */
interface Visitor {
  cookie: string | undefined;
  ask: Ask;
  text(path: string, init?: RequestInit): Promise<string>;
}

const FORM = "application/x-www-form-urlencoded";

const cases = {
  async "a path names a method and its arguments"({ ask }) {
    assert.equal(await textOf(ask("/greet/Ann")), "Hello, Ann!");
    assert.equal(await textOf(ask("/greet/J%C3%BCrgen%20M./Hi")), "Hi, Jürgen M.!");
    const missing = await ask("/greet");
    assert.equal(missing.status, 400);
    assert.match(await missing.text(), /name/);
    for (const path of ["/greet/a/b/c", "/nobody", "/_x", "/constructor", "/fetch"]) {
      assert.equal((await ask(path)).status, 404, path);
    }
  },

  async "html is escaped, and says that it is HTML"({ ask }) {
    const response = await ask("/?name=%3Cb%3E%26");
    assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
    assert.equal(await response.text(), "<p>&lt;b&gt;&amp;</p>");
  },

  async "every kind of answer arrives as what it is"({ ask }) {
    const answer = async (kind: string) => {
      const response = await ask(`/answer/${kind}`);
      const { status, headers } = response;
      return [status, headers.get("content-type"), [...new Uint8Array(await response.arrayBuffer())].length];
    };
    assert.deepEqual(await answer("bytes"), [200, "application/octet-stream", 3]);
    assert.deepEqual(await answer("blob"), [200, "text/csv", 4]);
    assert.deepEqual(await answer("array"), [200, "application/json", 13]);
    assert.deepEqual(await answer("reply"), [201, "text/plain; charset=utf-8", 4]);
    assert.equal((await ask("/answer/reply")).headers.get("x-a"), "1");
    assert.equal((await ask("/answer/response")).status, 202);
    assert.equal((await ask("/answer/response")).headers.get("x-b"), "2");
    assert.deepEqual((await answer("nothing")).slice(0, 1), [204]);
  },

  async "a session counts visits, and a visitor without one gets no cookie"({ ask, visitor }) {
    assert.deepEqual((await ask("/greet/Ann")).headers.getSetCookie(), []);
    const ann = visitor();
    for (const visits of ["1", "2", "3"]) assert.equal(await ann.text("/visit"), visits);
    assert.match(ann.cookie ?? "", /^session_id=[\w-]{48}$/);
    assert.equal(await visitor().text("/visit"), "1");
  },

  async "dates and sets come back as what they were"({ visitor }) {
    const ann = visitor();
    await ann.text("/rich");
    assert.equal(await ann.text("/rich"), '["1970-01-01T00:00:00.000Z",["a"]]');
  },

  async "a sign-in brings a new id, a logout ends it, and neither old id works"({ visitor }) {
    const ann = visitor();
    await ann.text("/visit");
    const before = ann.cookie;
    await ann.text("/login/ann");
    assert.notEqual(ann.cookie, before);
    const signedIn = ann.cookie;
    assert.equal(await ann.text("/devices"), JSON.stringify([signedIn!.slice(11, 27)]));
    const logout = await ann.ask("/logout", { method: "POST" });
    assert.equal(logout.status, 303);
    assert.equal(logout.headers.get("location"), "/");
    assert.equal(ann.cookie, undefined);
    for (const cookie of [before, signedIn]) {
      const thief = visitor();
      thief.cookie = cookie;
      assert.equal(await thief.text("/devices"), "[]");
    }
  },

  async "updates at once count each, and exclusive requests take turns"({ visitor }) {
    const ann = visitor();
    await ann.text("/visit");
    await Promise.all(Array.from({ length: 20 }, () => ann.text("/count")));
    await Promise.all(Array.from({ length: 5 }, () => ann.text("/alone")));
    assert.equal(await ann.text("/visit"), "27");
  },

  async "forms and JSON are read, and what is too large, compressed or broken is refused"({ ask }) {
    const post = (path: string, body: BodyInit, type: string, more: Record<string, string> = {}) =>
      ask(path, { method: "POST", body, headers: { "content-type": type, ...more } });
    assert.equal(
      await textOf(post("/form", "name=Ann+B.&item=1&item=%C3%BC", FORM)),
      '{"name":"Ann B.","all":["1","ü"]}',
    );
    assert.equal(await textOf(post("/json", '{"value":[1,"ü"]}', "application/json")), '{"value":[1,"ü"]}');
    assert.equal((await post("/json", '{"value":', "application/json")).status, 400);
    assert.equal((await post("/json", `"${"x".repeat(20_000)}"`, "application/json")).status, 413);
    const gzip = { "content-encoding": "gzip" };
    assert.equal((await post("/json", "{}", "application/json", gzip)).status, 415);
  },

  async "files of a form are read while they arrive"({ ask }) {
    const large = new Uint8Array(5_000_000).map((_, index) => index % 251);
    const form = new FormData();
    form.append("title", "two files");
    form.append("file", new Blob(["hello"], { type: "text/plain" }), "hällo.txt");
    form.append("file", new Blob([large]), "large.bin");
    const response = await ask("/upload", { method: "POST", body: form });
    const hash = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
    assert.deepEqual(await response.json(), {
      title: "two files",
      files: [
        ["file", "hällo.txt", "text/plain", 5, hash("hello")],
        ["file", "large.bin", "application/octet-stream", 5_000_000, hash(large)],
      ],
    });
  },

  async "a file over the limit is refused, and so is a form without its end"({ ask }) {
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array(7_000_000)]), "too-large");
    assert.equal((await ask("/upload", { method: "POST", body: form })).status, 413);
    const body = '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhel';
    const headers = { "content-type": "multipart/form-data; boundary=x" };
    assert.equal((await ask("/upload", { method: "POST", body, headers })).status, 400);
    const bare = { "content-type": "multipart/form-data" };
    assert.equal((await ask("/upload", { method: "POST", body, headers: bare })).status, 400);
    assert.equal(await textOf(ask("/greet/Ann")), "Hello, Ann!");
  },

  async "another body is a stream, which can be answered as it comes"({ ask }) {
    const body = "line\n".repeat(50_000);
    const headers = { "content-type": "text/plain" };
    assert.equal(await textOf(ask("/echo", { method: "POST", body, headers })), body);
  },

  async "the first part of a stream does not wait for the second, and what changes is saved"({
    app,
    visitor,
  }) {
    const ann = visitor();
    const response = await ann.ask("/parts");
    assert.match(ann.cookie ?? "", /^session_id=/);
    const parts = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    assert.equal((await parts.read()).value, "one,");
    app.stream.open();
    assert.equal((await parts.read()).value, "two");
    assert.equal((await parts.read()).done, true);
    assert.deepEqual(await stored(app, ann), { parts: 2 });
  },

  async "the head of an event stream does not wait for its first event"({ app, visitor }) {
    const ann = visitor();
    const response = await ann.ask("/events");
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    app.stream.open();
    assert.match(await response.text(), /^(:\n\n)?data: one\n\n$/);
  },

  async "a stream ends when the client leaves, and what it changes then is saved"({ app, visitor }) {
    const ann = visitor();
    const leave = new AbortController();
    const response = await ann.ask("/endless", { signal: leave.signal });
    const parts = response.body!.getReader();
    await parts.read();
    await parts.cancel().catch(() => {});
    leave.abort();
    await app.left.wait();
    while (((await stored(app, ann)) as { name: string }).name !== "gone") await new Promise(setImmediate);
  },

  async "an error is a 500 without details and saves nothing; an HttpError says its own"({ visitor }) {
    const ann = visitor();
    await ann.text("/visit");
    const { error } = console;
    console.error = () => {};
    const broken = await ann.ask("/broken");
    console.error = error;
    assert.equal(broken.status, 500);
    assert.doesNotMatch(await broken.text(), /details/);
    const refused = await ann.ask("/refused");
    assert.equal(refused.status, 418);
    assert.match(await refused.text(), /no coffee/);
    assert.equal(await ann.text("/visit"), "2");
  },

  async "middleware and a mounted App share the session"({ visitor }) {
    const ann = visitor();
    await ann.text("/login/ann");
    const response = await ann.ask("/shop");
    assert.equal(await response.text(), "shop of ann");
    assert.equal(response.headers.get("x-stamp"), "after");
  },
} satisfies Record<string, (site: Site) => Promise<void>>;

export type CaseName = keyof typeof cases;

/** What `App` does, as cases; each has an application of its own. `but` names the ones that are left out. */
export function appCases(serve: Serve, but: readonly CaseName[] = []): SuiteCase[] {
  const chosen = Object.entries(cases).filter(([name]) => !but.includes(name as CaseName));
  return chosen.map(([name, run]) => ({
    promise: "App",
    name,
    async run() {
      const app = new SiteApp();
      const { ask, close } = await serve(app);
      try {
        await run({ app, ask, visitor: () => visitor(ask) });
      } finally {
        await close();
        await app.shutdown();
      }
    },
  }));
}

/** Straight to `fetch`, without a server. */
export const direct: Serve = async (app) => ({
  ask: async (path, init) => app.fetch(new Request(new URL(path, "http://localhost"), init)),
  close() {},
});

/** Asks what listens there. */
export function asking(url: string | URL): Ask {
  return (path, init) => self.fetch(new URL(path, url), { redirect: "manual", ...init });
}

function visitor(ask: Ask): Visitor {
  const self: Visitor = {
    cookie: undefined,
    async ask(path, init = {}) {
      const headers = new Headers(init.headers);
      if (self.cookie !== undefined) headers.set("cookie", self.cookie);
      const response = await ask(path, { ...init, headers });
      for (const line of response.headers.getSetCookie()) {
        self.cookie = /; Max-Age=0/i.test(line) ? undefined : line.split(";", 1)[0];
      }
      return response;
    },
    text: (path, init) => textOf(self.ask(path, init)),
  };
  return self;
}

async function textOf(response: Promise<Response>): Promise<string> {
  return (await response).text();
}

/** What a request with this visitor's cookie would find. */
async function stored(app: SiteApp, { cookie }: Visitor): Promise<object> {
  return { ...(await app.sessions.load(cookie)) };
}
