import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** One way of responding, and what must arrive. */
export interface Way {
  name: string;
  respond(req: IncomingMessage, res: ServerResponse): unknown;
  status: number;
  body: string;
  method?: string;
  /** Cookies of the application itself, in order. */
  cookies?: string[];
  headers?: Record<string, string>;
}

const CHUNKS = Array.from({ length: 40 }, (_, index) => `chunk ${index};`);

export const WAYS: Way[] = [
  { name: "end()", respond: (_, res) => res.end(), status: 200, body: "" },
  { name: "end(text)", respond: (_, res) => res.end("hello"), status: 200, body: "hello" },
  { name: "end(bytes)", respond: (_, res) => res.end(Buffer.from("hello")), status: 200, body: "hello" },
  {
    name: "end(text, encoding)",
    respond: (_, res) => res.end("68656c6c6f", "hex"),
    status: 200,
    body: "hello",
  },
  {
    name: "end(callback)",
    respond: (_, res) => new Promise<void>((done) => res.end(done)),
    status: 200,
    body: "",
  },
  {
    name: "end(text, callback)",
    respond: (_, res) => new Promise<void>((done) => res.end("hello", done)),
    status: 200,
    body: "hello",
  },
  {
    name: "end(text, encoding, callback)",
    respond: (_, res) => new Promise<void>((done) => res.end("hello", "utf8", done)),
    status: 200,
    body: "hello",
  },
  {
    name: "write and end",
    respond(_, res) {
      res.write("hel");
      res.write("6c", "hex");
      res.end("o");
    },
    status: 200,
    body: "hello",
  },
  {
    name: "write with callbacks",
    respond(_, res) {
      const order: string[] = [];
      res.write("a", () => order.push("a"));
      res.write("b", "utf8", () => order.push("b"));
      res.end("c", () => {
        if (order.join() !== "a,b") throw new Error(`callbacks: ${order}`);
      });
    },
    status: 200,
    body: "abc",
  },
  {
    name: "statusCode and setHeader",
    respond(_, res) {
      res.statusCode = 404;
      res.setHeader("Set-Cookie", ["a=1", "b=2"]);
      res.setHeader("Vary", "Accept-Encoding");
      res.setHeader("Cache-Control", "public, max-age=60");
      res.end("not here");
    },
    status: 404,
    body: "not here",
    cookies: ["a=1", "b=2"],
    headers: { vary: "Accept-Encoding, Cookie" },
  },
  {
    name: "writeHead(status)",
    respond: (_, res) => res.writeHead(201).end("made"),
    status: 201,
    body: "made",
  },
  {
    name: "writeHead(status, object)",
    respond: (_, res) => res.writeHead(201, { "X-Way": "object", "Set-Cookie": "a=1" }).end("made"),
    status: 201,
    body: "made",
    cookies: ["a=1"],
    headers: { "x-way": "object" },
  },
  {
    name: "writeHead(status, message, object) over setHeader",
    respond(_, res) {
      res.setHeader("X-Way", "set before");
      res.setHeader("Set-Cookie", "gone=1");
      res.writeHead(201, "Fine", {
        "x-way": "both",
        "set-cookie": ["a=1", "b=2"],
        "cache-control": "public",
      });
      res.end("made");
    },
    status: 201,
    body: "made",
    cookies: ["a=1", "b=2"],
    headers: { "x-way": "both" },
  },
  {
    name: "writeHead(status, flat array)",
    respond: (_, res) =>
      res
        .writeHead(200, ["X-Way", "flat", "Set-Cookie", "a=1", "Set-Cookie", "b=2", "Vary", "Origin"])
        .end("hello"),
    status: 200,
    body: "hello",
    cookies: ["a=1", "b=2"],
    headers: { "x-way": "flat", vary: "Origin, Cookie" },
  },
  {
    name: "writeHead(status, flat array) over setHeader",
    respond(_, res) {
      res.setHeader("X-Way", "set before");
      res.setHeader("X-Stays", "yes");
      res.writeHead(200, ["X-Way", "flat", "Set-Cookie", "a=1"]);
      res.end("hello");
    },
    status: 200,
    body: "hello",
    cookies: ["a=1"],
    headers: { "x-way": "flat", "x-stays": "yes" },
  },
  {
    name: "writeHead(status, pairs)",
    respond(_, res) {
      const pairs = [
        ["X-Way", "pairs"],
        ["Set-Cookie", "a=1"],
        ["Set-Cookie", "b=2"],
      ];
      res.writeHead(200, pairs as unknown as string[]).end("hello");
    },
    status: 200,
    body: "hello",
    cookies: ["a=1", "b=2"],
    headers: { "x-way": "pairs" },
  },
  {
    name: "redirect",
    respond: (_, res) => res.writeHead(302, { Location: "/next" }).end(),
    status: 302,
    body: "",
    headers: { location: "/next" },
  },
  {
    name: "flushHeaders",
    respond(_, res) {
      res.setHeader("X-Way", "flushed");
      res.flushHeaders();
      res.end("hello");
    },
    status: 200,
    body: "hello",
    headers: { "x-way": "flushed" },
  },
  {
    name: "pipe",
    respond: (_, res) => void Readable.from(CHUNKS, { highWaterMark: 1 }).pipe(res),
    status: 200,
    body: CHUNKS.join(""),
  },
  {
    name: "pipeline",
    respond: (_, res) => pipeline(Readable.from(CHUNKS, { highWaterMark: 1 }), res),
    status: 200,
    body: CHUNKS.join(""),
  },
  {
    name: "a large pipe",
    respond: (_, res) => pipeline(Readable.from(Array.from({ length: 64 }, () => "x".repeat(65_536))), res),
    status: 200,
    body: "x".repeat(65_536 * 64),
  },
  {
    name: "write that minds backpressure",
    async respond(_, res) {
      for (const chunk of CHUNKS) {
        if (!res.write(chunk)) await new Promise((drained) => res.once("drain", drained));
      }
      res.end();
    },
    status: 200,
    body: CHUNKS.join(""),
  },
  { name: "304", respond: (_, res) => res.writeHead(304, { ETag: '"1"' }).end(), status: 304, body: "" },
  { name: "204", respond: (_, res) => res.writeHead(204).end(), status: 204, body: "" },
  { name: "HEAD", respond: (_, res) => res.end("not sent"), status: 200, body: "", method: "HEAD" },
  {
    name: "later, from a timer",
    respond: (_, res) => void setImmediate(() => setImmediate(() => res.end("hello"))),
    status: 200,
    body: "hello",
  },
];
