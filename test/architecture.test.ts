import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readSources, roomOf, withoutComments } from "./_source.ts";

const sources = readSources();
const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  exports: Record<string, { types: string; default: string } | string>;
  dependencies: Record<string, string>;
};

/** Which rooms a room may import from, besides itself. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  "errors.ts": [],
  "environment.ts": [],
  backends: ["errors.ts", "environment.ts"],
  core: ["backends", "errors.ts", "environment.ts"],
  visit: ["core", "backends", "errors.ts", "environment.ts"],
  app: ["visit", "core", "backends", "errors.ts", "environment.ts"],
  facades: ["core", "backends", "errors.ts", "environment.ts"],
  adapters: ["visit", "facades", "core", "backends", "errors.ts", "environment.ts"],
  compat: ["visit", "core", "backends", "errors.ts", "environment.ts"],
  legacy: ["core", "backends", "errors.ts", "environment.ts"],
  testing: ["facades", "core", "backends", "errors.ts", "environment.ts"],
  cli: ["app", "core", "backends", "errors.ts", "environment.ts"],
  "index.ts": ["app", "core", "backends", "errors.ts", "environment.ts"],
};

/**
 * Whose types an adapter takes. Not peer dependencies: npm refuses to install beside another major version of one, even
 * where the adapter is not used.
 */
const TYPES_OF = new Set(["elysia", "express-session", "fastify", "h3", "hono"]);

/** The built-in modules that code outside of `cli` and `testing` may load, and what for. */
const BUILT_IN: Record<string, Record<string, string>> = {
  "node:buffer": {
    core: "base64url and byte lengths without a copy",
    backends: "base64url, and bytes on the wire",
    legacy: "base64, as other libraries have it",
    compat: "signatures compared in constant time",
  },
  "node:crypto": {
    core: "identifiers and their hashes",
    backends: "the names of users' lists, encryption, names of writes and claims",
    compat: "ids of express-session and their signatures",
    legacy: "signatures and seals of other libraries",
  },
  "node:events": {
    compat: "a store of express-session is an emitter",
  },
  "node:net": { backends: "the client for memcached" },
  "node:diagnostics_channel": { core: "events" },
  "node:perf_hooks": {
    core: "waiting times, on a clock that nobody sets back",
    backends: "leases and deadlines, on the same clock",
  },
  "node:async_hooks": {
    app: "this.request",
    visit: "which error answer a call belongs to",
    adapters: "which request asks its own application",
  },
  "node:stream": { app: "uploads, read by a parser that is a Node stream" },
  "node:fs": { backends: "looking at a SQLite file before it is opened" },
  "node:path": { backends: "naming the folder of a SQLite file" },
  "node:http": { adapters: "the node adapter" },
};

describe("who may import whom", () => {
  const ours = sources.flatMap(({ path, room, imports }) =>
    imports.filter((each) => each.isOurs).map(({ target }) => ({ path, room, target, to: roomOf(target) })),
  );

  test("every room is known", () => {
    expect([...new Set(sources.map(({ room }) => room))].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });

  test("imports point down, from room to room", () => {
    const wrong = ours.filter(({ room, to }) => room !== to && !MAY_IMPORT[room]?.includes(to));
    expect(wrong).toEqual([]);
  });

  test("core takes only the contract and the default from the back-ends", () => {
    const taken = ours.filter(({ room, to }) => room === "core" && to === "backends");
    expect([...new Set(taken.map(({ target }) => target))].sort()).toEqual([
      "backends/backend.ts",
      "backends/memory.ts",
    ]);
  });

  test("the adapters and the back-ends do not import each other", () => {
    const allowed = ["backends/backend.ts"];
    const wrong = ours.filter(
      ({ room, to, target }) =>
        ["adapters", "backends"].includes(room) &&
        room === to &&
        !/\/_/.test(target) &&
        !allowed.includes(target),
    );
    expect(wrong.filter(({ path }) => !/\/_/.test(path))).toEqual([]);
  });

  test("a private file or folder stays in its room", () => {
    expect(ours.filter(({ room, to, target }) => /\/_/.test(target) && room !== to)).toEqual([]);
  });

  test("no file imports itself, however long the way around", () => {
    const runtime = new Map(
      sources.map(({ path, imports }) => [
        path,
        imports.filter((each) => each.isOurs && !each.typeOnly && !each.lazy).map(({ target }) => target),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, way: readonly string[]): void => {
      if (way.includes(path)) cycles.push([...way.slice(way.indexOf(path)), path].join(" -> "));
      if (way.includes(path) || done.has(path)) return;
      for (const next of runtime.get(path) ?? []) visit(next, [...way, path]);
      done.add(path);
    };
    for (const path of runtime.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });
});

describe("one behavior, one place", () => {
  test("only visit/answer.ts names the headers of a response that a session concerns", () => {
    // A client of the suites reads them, and App has its pairs of headers in the lower case.
    const others = sources.filter(
      ({ path, room, text }) =>
        room !== "testing" &&
        !["visit/answer.ts", "app/headers.ts"].includes(path) &&
        /["'`](vary|cache-control|set-cookie)["'`]/i.test(withoutComments(text)),
    );
    expect(others.map(({ path }) => path)).toEqual([]);
  });

  test("the state of a session is written and read in core alone", () => {
    const others = sources.filter(
      ({ room, text }) => room !== "core" && /\bLive\b/.test(withoutComments(text)),
    );
    expect(others.map(({ path }) => path)).toEqual([]);
  });
});

describe("what the outside gives", () => {
  const foreign = sources.flatMap(({ path, room, imports }) =>
    imports.filter((each) => !each.isOurs).map((each) => ({ path, room, ...each })),
  );

  test("every package is one of the dependencies", () => {
    const packages = foreign.filter(
      ({ target, typeOnly }) => !target.startsWith("node:") && !(typeOnly && TYPES_OF.has(target)),
    );
    expect([...new Set(packages.map(({ target }) => target))].sort()).toEqual(
      Object.keys(manifest.dependencies).sort(),
    );
  });

  test("a built-in module is loaded only where there is a reason", () => {
    const wrong = foreign.filter(
      ({ target, room, typeOnly }) =>
        target.startsWith("node:") &&
        !typeOnly &&
        !["cli", "testing"].includes(room) &&
        BUILT_IN[target]?.[room] === undefined,
    );
    expect(wrong).toEqual([]);
  });

  test("only cli prints, reads arguments or ends the process", () => {
    const wrong = sources.filter(
      ({ room, text }) =>
        room !== "cli" && /process\.(exit\b|exit\(|argv|stdout|stderr)/.test(withoutComments(text)),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

describe("each file", () => {
  test("has at most 250 lines", () => {
    const long = sources.filter(({ text }) => text.split("\n").length > 251);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test("is named for what it is", () => {
    expect(sources.filter(({ path }) => /(^|\/)_?(utils?|helpers?|types|common)\.ts$/.test(path))).toEqual(
      [],
    );
  });

  test("has no `any`", () => {
    const any = sources.filter(({ text }) =>
      /[:<|&(,]\s*any\b|\bas any\b|\bany\[\]/.test(withoutComments(text)),
    );
    expect(any.map(({ path }) => path)).toEqual([]);
  });

  test("takes Math.random for waiting times only", () => {
    const others = sources.filter(({ path }) => path !== "environment.ts");
    const lines = others.flatMap(({ path, text }) =>
      withoutComments(text)
        .split("\n")
        .filter((line) => line.includes("Math.random") && !/\b(sleep|pause|wait|setTimeout)\(/.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(lines).toEqual([]);
  });
});

test("import path = file path, one by one, and every public file has one", () => {
  const entries = Object.entries(manifest.exports).filter(([path]) => path !== "./package.json");
  for (const [path, target] of entries) {
    const file = path === "." ? "index" : path === "./testing" ? "testing/index" : path.slice(2);
    expect(target).toEqual({ types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` });
  }
  const published = sources
    .map(({ path }) => path)
    .filter((path) => /^(backends|adapters|compat|legacy)\//.test(path) && !/\/_/.test(path))
    .map((path) => `./${path.replace(/\.ts$/, "")}`);
  expect(entries.map(([path]) => path).sort()).toEqual([".", "./testing", ...published].sort());
});
