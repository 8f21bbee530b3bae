import { readFileSync } from "node:fs";
import { App, HttpMiddleware, redirect, reply } from "micropie";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

/** Exchanges recorded from MicroPie 0.29 under uvicorn; its README says what the handlers do. */
interface Exchange {
  request: {
    method: string;
    path: string;
    headers: Record<string, string>;
    body?: string;
    sentCookie: boolean;
  };
  response: { status: number; headers: Record<string, string>; setCookie: string[]; body: string };
}

const scenarios: Record<string, Exchange[]> = JSON.parse(
  readFileSync(new URL("./golden/micropie.json", import.meta.url), "utf8"),
);

class Stamp extends HttpMiddleware {
  override afterRequest(_request: unknown, response: Response): void {
    response.headers.set("x-stamp", "1");
  }
}

class Golden extends App<{ visits: number; streamed: boolean }> {
  index() {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    return `You have visited ${session.visits} times.`;
  }
  async read() {
    return `You have visited ${this.request.session.visits ?? 0} times.`;
  }
  none() {
    return "ok";
  }
  logout() {
    this.request.session = {};
    return "bye";
  }
  boom() {
    this.request.session.visits = 999;
    throw new Error("boom");
  }
  redir() {
    this.request.session.visits = 50;
    return redirect("/read");
  }
  greet(name = "Guest") {
    return `Hello, ${name}!`;
  }
  add(a: string, b: string) {
    return String(Number(a) + Number(b));
  }
  rest(...parts: string[]) {
    return parts.join("|");
  }
  q() {
    return `${this.request.query("x", "none")}/${this.request.query("y", "none")}`;
  }
  form() {
    return `${this.request.method} ${this.request.form("username", "Anonymous")}`;
  }
  js() {
    return { data: this.request.json(), name: this.request.json("name") };
  }
  obj() {
    return { a: 1, b: [1, 2, 3] };
  }
  arr() {
    return [1, "two"];
  }
  tup() {
    return reply(201, "made", { "X-Thing": "yes" });
  }
  tupj() {
    return reply(202, { ok: true });
  }
  raw() {
    return Buffer.from("\0\x01bytes");
  }
  sync() {
    return "sync ok";
  }
  async *stream() {
    this.request.session.streamed = true;
    for (const n of [1, 2, 3]) yield `Chunk ${n}\n`;
  }
}

/** One intended difference: which exchange it is about, why, and what App answers instead. */
interface Difference {
  readonly why: string;
  readonly body?: string;
  readonly status?: number;
  readonly setCookie?: "removal";
  readonly stamp?: "none";
}

const DECISION = "docs/decisions/010-app-differs-from-micropie.md";

/** By scenario and place in it. What is not here must be the same, but for the two rules below. */
const DIFFERENCES: Record<string, Difference> = {
  "logout 1": { why: `${DECISION}: logout takes the cookie away`, setCookie: "removal" },
  "throw_discards 2": {
    why: `${DECISION}: a handler that throws saves nothing`,
    body: "You have visited 1 times.",
  },
  "greet 2": { why: `${DECISION}: arguments come from the path`, body: "Hello, Guest!" },
  "add 2": {
    why: `${DECISION}: arguments come from the path`,
    status: 400,
    body: "400 Bad Request: Missing required parameter 'a'",
    stamp: "none",
  },
};

/** What the 400 for a missing argument says more, except in production. */
const HINT = /\. If it can be left out, .*$/;

/** Text is text/plain and bytes are bytes; only the `html` tag makes HTML (see DECISION). */
function expectedType(path: string, type: string | undefined): string | undefined {
  if (type !== "text/html; charset=utf-8") return type;
  return path === "/raw" ? "application/octet-stream" : "text/plain; charset=utf-8";
}

/** The attributes of a Set-Cookie line in any order, in lower case, without the id. */
function attributes(line: string): string[] {
  const [pair = "", ...rest] = line.split(";").map((part) => part.trim());
  const name = pair.slice(0, pair.indexOf("="));
  return [name, ...rest.filter((part) => part !== "").map((part) => part.toLowerCase())].sort();
}

describe("exchanges recorded from MicroPie", () => {
  let origin: string;
  let close: () => Promise<void>;
  const seen = new Set<string>();

  beforeAll(async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const app = new Golden();
    app.middlewares.push(new Stamp());
    const running = await app.serve({ port: 0, hostname: "127.0.0.1", signals: false });
    origin = running.url.slice(0, -1);
    close = running.close;
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await close();
  });

  for (const [scenario, exchanges] of Object.entries(scenarios)) {
    test(scenario, async () => {
      let cookie: string | undefined;
      for (const [index, { request, response }] of exchanges.entries()) {
        const place = `${scenario} ${index}`;
        const difference = DIFFERENCES[place];
        if (difference !== undefined) seen.add(place);
        const answer = await fetch(origin + request.path, {
          method: request.method,
          headers: {
            ...request.headers,
            ...(request.sentCookie && cookie !== undefined ? { cookie } : {}),
          },
          redirect: "manual",
          ...(request.body === undefined ? {} : { body: Buffer.from(request.body, "latin1") }),
        });
        expect(answer.status, place).toBe(difference?.status ?? response.status);
        const body = Buffer.from(await answer.arrayBuffer()).toString("latin1");
        expect(body.replace(HINT, ""), place).toBe(difference?.body ?? response.body);

        for (const [name, value] of Object.entries(response.headers)) {
          if (name === "x-stamp" && difference?.stamp === "none") continue;
          const wanted = name === "content-type" ? expectedType(request.path, value) : value;
          expect(answer.headers.get(name), `${place}: ${name}`).toBe(wanted);
        }
        if (response.headers["x-stamp"] === undefined || difference?.stamp === "none") {
          expect(answer.headers.get("x-stamp"), place).toBe(null);
        }

        const lines = answer.headers.getSetCookie();
        if (difference?.setCookie === "removal") {
          expect(lines, place).toHaveLength(1);
          expect(attributes(lines[0]!), place).toContain("max-age=0");
        } else {
          expect(lines.map(attributes), place).toEqual(response.setCookie.map(attributes));
        }
        for (const line of lines) cookie = line.split(";", 1)[0];
      }
    });
  }

  test("every difference was met", () => {
    expect([...seen].sort()).toEqual(Object.keys(DIFFERENCES).sort());
  });
});
