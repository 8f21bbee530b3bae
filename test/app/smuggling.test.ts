import { text } from "node:stream/consumers";
import { App } from "micropie";
import { beforeEach, expect, test } from "vitest";
import { type Client, client } from "./_client.ts";

class Site extends App<{ visits: number }> {
  index(): string {
    return "for everybody";
  }
  visit(): string {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    return `visits: ${session.visits}`;
  }
  async read(): Promise<string> {
    return `read: ${this.request.body === null ? "" : await text(this.request.body)}`;
  }
}

let call: Client;
beforeEach(async () => {
  call = await client(new Site());
  expect(await (await call("/visit")).text()).toBe("visits: 1");
});

const line = (name: string, value: string): string => `${name}: ${value}\r\n`;
const post = (headers: string, body: string): string =>
  `POST /read HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n${headers}\r\n${body}`;
/** What an attacker hides in a body, for the server to take for the next request of the proxy's connection. */
const hidden = (): string => `GET /visit HTTP/1.1\r\nHost: a\r\nCookie: ${call.cookie}\r\n\r\n`;
const chunked = line("Transfer-Encoding", "chunked");
const length = (bytes: number | string): string => line("Content-Length", String(bytes));

test.each<[string, () => string]>([
  ["both a length and chunks", () => post(length(hidden().length + 5) + chunked, `0\r\n\r\n${hidden()}`)],
  ["chunks and then a length", () => post(chunked + length(3), `0\r\n\r\n${hidden()}`)],
  ["two lengths", () => post(length(0) + length(hidden().length), hidden())],
  ["a list of lengths", () => post(length(`0, ${hidden().length}`), hidden())],
  ["a length with a sign", () => post(length("+0"), hidden())],
  ["a length in hexadecimal", () => post(length("0x0"), hidden())],
  ["a space before the colon", () => post(`Content-Length : 0\r\n`, hidden())],
  ["a coding that is not known last", () => post(line("Transfer-Encoding", "chunked, identity"), hidden())],
  ["a coding that only looks like chunks", () => post(line("Transfer-Encoding", "xchunked"), hidden())],
  [
    "two codings, one of them hidden",
    () => post(`${chunked}Transfer-Encoding: x\r\n`, `0\r\n\r\n${hidden()}`),
  ],
  ["a line that is folded", () => post("Transfer-Encoding:\r\n chunked\r\nContent-Length: 0\r\n", hidden())],
  ["lines that end without CR", () => post(`X: 1\nContent-Length: 0\n`, hidden())],
  ["a chunk whose size is none", () => post(chunked, `0x0\r\n\r\n${hidden()}`)],
  ["a chunk longer than its size", () => post(chunked, `1\r\n23\r\n0\r\n\r\n${hidden()}`)],
  ["a NUL in a header", () => post(`${length(0)}X: a\0b\r\n`, hidden())],
])("a request with %s is a 400, and what it hides is no request", async (_, message) => {
  const answer = await call.raw(message(), { end: true });
  expect(answer.match(/^HTTP\/1\.1 \d+/gm)).toEqual(["HTTP/1.1 400"]);
  expect(answer).toMatch(/^connection: close\r$/im);
  expect(await (await call("/visit")).text()).toBe("visits: 2");
});

test("the same request without ambiguity reads its body, and hides nothing", async () => {
  for (const [headers, body] of [
    [length(hidden().length), hidden()],
    [chunked, `${hidden().length.toString(16)}\r\n${hidden()}\r\n0\r\n\r\n`],
  ] as const) {
    const answer = await call.raw(post(headers + line("Connection", "close"), body), { end: true });
    expect(answer).toContain(`read: ${hidden()}`);
  }
  expect(await (await call("/visit")).text()).toBe("visits: 2");
});

test("no cookie puts a header into the answer, whatever is in it", async () => {
  const injected = [
    "%0d%0aX-Injected:%201",
    "\rX-Injected: 1",
    "\nX-Injected: 1",
    "\u0085X-Injected: 1",
    '"\\r\\nX-Injected: 1"',
  ];
  for (const part of injected) {
    for (const value of [part, `${call.cookie!.slice("session_id=".length)}${part}`]) {
      const message = `GET /visit HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: session_id=${value}\r\n\r\n`;
      const answer = await call.raw(message, { end: true });
      expect(answer).toMatch(/^HTTP\/1\.1 (200|400) /);
      expect(answer).not.toMatch(/x-injected/i);
    }
  }
});
