import { MemcachedSessionBackend } from "micropie/backends/memcached";
import { ConfigError } from "micropie/errors";
import { describe, expect, test } from "vitest";
import { Replies } from "../../src/backends/_memcached/replies.ts";

const value = 'é😀 VA 3\r\nHD\r\n"';
const size = Buffer.byteLength(value);
const stream = Buffer.from(
  `VA ${size} c1 O1\r\n${value}\r\nHD O2\r\nEN\r\nVA 0 O4\r\n\r\nSERVER_ERROR out of memory\r\nNF O6\r\nEX c0 O7\r\nNS\r\n`,
);
const whole = [
  { code: "VA", flags: ["c1", "O1"], text: value },
  { code: "HD", flags: ["O2"], text: "" },
  { code: "EN", flags: [], text: "" },
  { code: "VA", flags: ["O4"], text: "" },
  { code: "SERVER_ERROR", flags: ["out", "of", "memory"], text: "" },
  { code: "NF", flags: ["O6"], text: "" },
  { code: "EX", flags: ["c0", "O7"], text: "" },
  { code: "NS", flags: [], text: "" },
];

describe("replies", () => {
  test("are the same, in whatever pieces they come", () => {
    expect(new Replies().take(stream)).toEqual(whole);
    for (let first = 0; first <= stream.length; first++) {
      for (const second of [first, first + 1, first + 7]) {
        const replies = new Replies();
        const got = [
          stream.subarray(0, first),
          stream.subarray(first, second),
          stream.subarray(second),
        ].flatMap((piece) => replies.take(piece));
        expect(got).toEqual(whole);
      }
    }
    const bytewise = new Replies();
    expect([...stream].flatMap((byte) => bytewise.take(Buffer.from([byte])))).toEqual(whole);
  });

  test("a value of a megabyte in small pieces is not copied for each of them", () => {
    const replies = new Replies();
    const piece = Buffer.alloc(100, "x");
    const before = process.cpuUsage();
    replies.take(Buffer.from("VA 1000000 O1\r\n"));
    for (let n = 0; n < 10_000; n++) expect(replies.take(piece)).toEqual([]);
    expect(replies.take(Buffer.from("\r\nHD O2\r\n")).map(({ text }) => text.length)).toEqual([1_000_000, 0]);
    expect(process.cpuUsage(before).user).toBeLessThan(2_000_000);
  });

  const wrong = [
    "ERROR\r\n",
    "CLIENT_ERROR bad data chunk\r\n",
    "STORED\r\n",
    "\r\n",
    "VA\r\n",
    "VA x O1\r\n",
    "VA -1 O1\r\n",
    "VA 3 O1\r\nabcdHD\r\n",
    "x".repeat(3000),
    "\u0000\u0001\u0002\r\n",
  ];
  test.each(wrong)("%j is none", (text) => {
    expect(() => new Replies().take(Buffer.from(text))).toThrow(/memcached 1\.6 or newer is needed/);
  });
});

describe("options", () => {
  const make = (servers: unknown, options?: unknown) => () =>
    new MemcachedSessionBackend(servers as never, options as never).close();

  test("a server is named in every form", () => {
    for (const servers of [
      "cache",
      "cache:1",
      "memcached://10.0.0.1:11211",
      "memcached://[::1]:11211/",
      "[::1]",
      { host: "cache" },
      { host: "::1", port: 65_535 },
      ["a", "b:1", { host: "c" }],
    ])
      expect(make(servers)).not.toThrow();
  });

  const wrong: [string, unknown, unknown?][] = [
    ["servers", undefined],
    ["servers", []],
    ["servers", ""],
    ["servers", "redis://cache:1"],
    ["servers", "memcached://user:secret@cache"],
    ["servers", "a:b"],
    ["servers", "a:0"],
    ["servers", "a:65536"],
    ["servers", "a b"],
    ["servers", { host: "" }],
    ["servers", { host: "a", port: "1" }],
    ["servers", ["a", { host: "a" }]],
    ["prefix", "a", { prefix: "a b" }],
    ["prefix", "a", { prefix: "é" }],
    ["prefix", "a", { prefix: "a\r\n" }],
    ["prefix", "a", { prefix: "x".repeat(151) }],
    ["timeout", "a", { timeout: 0 }],
    ["timeout", "a", { timeout: Number.NaN }],
    ["timeout", "a", { timeout: 1e10 }],
    ["maxItemBytes", "a", { maxItemBytes: 10 }],
  ];
  test.each(wrong)("wrong %s: %j %j", (option, servers, options) => {
    expect(make(servers, options)).toThrow(ConfigError);
    expect(make(servers, options)).toThrow(new RegExp(`^${option}: `));
    expect(make(servers, options)).not.toThrow(/secret/);
  });
});
