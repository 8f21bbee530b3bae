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
  "duration.ts": ["errors.ts"],
  "option-names.ts": ["errors.ts", "duration.ts"],
  "warning.ts": [],
  record: [],
  backends: ["record", "errors.ts", "environment.ts", "duration.ts", "option-names.ts", "warning.ts"],
  core: ["backends", "record", "errors.ts", "environment.ts", "duration.ts", "option-names.ts", "warning.ts"],
  visit: ["core", "backends", "errors.ts", "environment.ts", "duration.ts", "option-names.ts", "warning.ts"],
  app: [
    "visit",
    "core",
    "backends",
    "errors.ts",
    "environment.ts",
    "duration.ts",
    "option-names.ts",
    "warning.ts",
  ],
  facades: [
    "core",
    "backends",
    "errors.ts",
    "environment.ts",
    "duration.ts",
    "option-names.ts",
    "warning.ts",
  ],
  adapters: [
    "visit",
    "facades",
    "core",
    "backends",
    "errors.ts",
    "environment.ts",
    "duration.ts",
    "option-names.ts",
    "warning.ts",
  ],
  compat: [
    "visit",
    "core",
    "backends",
    "record",
    "errors.ts",
    "environment.ts",
    "duration.ts",
    "option-names.ts",
    "warning.ts",
  ],
  sockets: [
    "app",
    "visit",
    "core",
    "backends",
    "errors.ts",
    "environment.ts",
    "duration.ts",
    "option-names.ts",
    "warning.ts",
  ],
  _dbsc: [
    "visit",
    "core",
    "backends",
    "record",
    "errors.ts",
    "environment.ts",
    "duration.ts",
    "option-names.ts",
  ],
  "dbsc.ts": ["_dbsc", "core"],
  _otel: ["core", "backends", "errors.ts", "environment.ts"],
  "otel.ts": ["_otel", "core", "errors.ts", "environment.ts", "duration.ts", "option-names.ts"],
  _recorder: ["core", "backends", "record", "errors.ts", "environment.ts", "duration.ts", "option-names.ts"],
  "recorder.ts": ["_recorder", "core", "errors.ts", "option-names.ts"],
  _admin: ["_otel", "_recorder", "recorder.ts", "app", "visit", "core", "backends", "errors.ts"],
  "admin.ts": [
    "_admin",
    "recorder.ts",
    "app",
    "visit",
    "core",
    "backends",
    "errors.ts",
    "duration.ts",
    "option-names.ts",
  ],
  legacy: ["core", "backends", "errors.ts", "environment.ts", "duration.ts", "option-names.ts", "warning.ts"],
  testing: [
    "guards.ts",
    "adapters",
    "facades",
    "legacy",
    "sockets",
    "core",
    "backends",
    "errors.ts",
    "environment.ts",
    "duration.ts",
    "option-names.ts",
    "warning.ts",
  ],
  "guards.ts": ["core", "errors.ts", "duration.ts"],
  cli: [
    "admin.ts",
    "recorder.ts",
    "app",
    "visit",
    "core",
    "backends",
    "errors.ts",
    "environment.ts",
    "duration.ts",
    "option-names.ts",
    "warning.ts",
  ],
  "index.ts": [
    "app",
    "core",
    "backends",
    "errors.ts",
    "environment.ts",
    "duration.ts",
    "option-names.ts",
    "warning.ts",
  ],
};

/**
 * Whose types an adapter takes. Not peer dependencies: npm refuses to install beside another major version of one, even
 * where the adapter is not used.
 */
const TYPES_OF = new Set(["crossws", "elysia", "express-session", "fastify", "h3", "hono", "socket.io"]);

/** The built-in modules that code outside of `cli` and `testing` may load, and what for. */
const BUILT_IN: Record<string, Record<string, string>> = {
  "node:buffer": {
    core: "base64url and byte lengths without a copy",
    record: "byte lengths, in bytes of UTF-8",
    backends: "base64url, and bytes on the wire",
    legacy: "base64, as other libraries have it",
    compat: "signatures compared in constant time",
    _dbsc: "base64url",
  },
  "node:crypto": {
    _admin: "names of files that change with what is in them",
    _dbsc: "challenges and short cookies",
    _recorder: "names of lists of events",
    core: "identifiers and their hashes",
    backends: "the names of users' lists, encryption, names of writes and claims",
    compat: "ids of express-session and their signatures",
    legacy: "signatures and seals of other libraries",
  },
  "node:events": {
    compat: "a store of express-session is an emitter",
  },
  "node:timers/promises": { _admin: "a turn for other work between the pages of a search" },
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
  "node:http": {
    adapters: "the node adapter",
    app: "the answer to a handshake that is refused",
    sockets: "the words of a status",
  },
};

/** The rooms whose time, randomness and timers come from the environment. */
const ON_ENVIRONMENT = /^(backends|core|visit)\//;

/** The files in them that use the system's own, and what for. */
const ON_SYSTEM: Record<string, string> = {
  "visit/error-answer.ts": "a drained writer must not hold the event loop",
  "backends/_sqlite/busy.ts": "the constructor waits for a lock without returning, so without timers",
  "backends/_memcached/connection.ts": "a connection is silent in real time",
  "backends/memcached.ts": "moments on memcached's clock",
  "backends/_durable-object/object.ts": "alarms of the runtime",
  "backends/connect-store.ts": "dates in the cookies of other stores",
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
    const allowed = ["backends/backend.ts", "backends/cas.ts"];
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

  test("no file imports itself, however long the way around, types included", () => {
    const targets = new Map(
      sources.map(({ path, imports }) => [
        path,
        imports.filter((each) => each.isOurs).map(({ target }) => target),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (path: string, way: readonly string[]): void => {
      if (way.includes(path)) cycles.push([...way.slice(way.indexOf(path)), path].join(" -> "));
      if (way.includes(path) || done.has(path)) return;
      for (const next of targets.get(path) ?? []) visit(next, [...way, path]);
      done.add(path);
    };
    for (const path of targets.keys()) visit(path, []);
    expect(cycles).toEqual([]);
  });
});

describe("one behavior, one place", () => {
  test("only visit/answer.ts names the headers of a response that a session concerns", () => {
    // A client of the suites reads them, App has its pairs of headers in the lower case, and the operators' page those of its files.
    const others = sources.filter(
      ({ path, room, text }) =>
        room !== "testing" &&
        !["visit/answer.ts", "app/headers.ts", "_admin/headers.ts"].includes(path) &&
        /["'`](vary|cache-control|set-cookie)["'`]/i.test(withoutComments(text)),
    );
    expect(others.map(({ path }) => path)).toEqual([]);
  });
});

describe("the state of a session", () => {
  const live = sources.find(({ path }) => path === "core/live.ts")!;

  test("has at most eight fields", () => {
    const body = /export interface Live \{([^}]*)\}/.exec(withoutComments(live.text))?.[1] ?? "";
    const fields = body.split("\n").filter((line) => line.trim() !== "");
    expect(fields.length).toBeGreaterThan(4);
    expect(fields.length).toBeLessThanOrEqual(8);
  });

  test("is changed by core/state.ts alone", () => {
    const changes =
      /\b(?:live|\w+Live)\.(?:data|phase|intent|legacy|outbox\.\w+|turn\.\w+)\s*(?:=[^=]|\?\?=|\+\+)|\b(?:outbox|turn)\.\w+\s*(?:=[^=]|\?\?=)/;
    const wrong = sources.filter(
      ({ path, text }) => path !== "core/state.ts" && changes.test(withoutComments(text)),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test("is read in core, and in what moves sessions of other libraries or binds sessions; others ask core/told.ts", () => {
    const allowed = new Set(["core", "legacy", "_dbsc"]);
    const wrong = sources.filter(
      ({ room, imports, path }) =>
        !allowed.has(room) &&
        path !== "facades/regenerate.ts" &&
        imports.some(
          ({ target, typeOnly }) =>
            target === "core/state.ts" ||
            (target === "core/live.ts" && !typeOnly && path !== "visit/visit.ts"),
        ),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

describe("what the outside gives", () => {
  const foreign = sources.flatMap(({ path, room, imports }) =>
    imports.filter((each) => !each.isOurs).map((each) => ({ path, room, ...each })),
  );

  test("every package is one of the dependencies", () => {
    const packageOf = (target: string): string => /^(?:@[^/]+\/)?[^/]+/.exec(target)![0];
    const names = foreign
      .map(({ target, typeOnly }) => ({ target, name: packageOf(target), typeOnly }))
      .filter(
        ({ target, name, typeOnly }) => !target.startsWith("node:") && !(typeOnly && TYPES_OF.has(name)),
      )
      .map(({ name }) => name);
    expect([...new Set(names)].sort()).toEqual(Object.keys(manifest.dependencies).sort());
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
    // What nobody has described is a dictionary of anything, said once.
    const any = sources.filter(
      ({ path, text }) =>
        path !== "core/register.ts" && /[:<|&(,]\s*any\b|\bas any\b|\bany\[\]/.test(withoutComments(text)),
    );
    expect(any.map(({ path }) => path)).toEqual([]);
  });

  test("takes time, chance and timers from the environment", () => {
    const SYSTEM =
      /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|setTimeout|setInterval|setImmediate)\b/;
    const using = sources
      .filter(({ path, text }) => ON_ENVIRONMENT.test(path) && SYSTEM.test(withoutComments(text)))
      .map(({ path }) => path);
    expect(using.sort()).toEqual(Object.keys(ON_SYSTEM).sort());
  });

  test("warns by warning.ts, which works on every runtime", () => {
    // A deprecation is a warning of another kind, and the drop-in runs on Node alone.
    const wrong = sources.filter(
      ({ path, text }) =>
        !["warning.ts", "compat/_options.ts"].includes(path) &&
        !path.startsWith("cli/") &&
        /emitWarning|process\.env\.NODE_ENV/.test(withoutComments(text)),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });

  test("leaves Math.random to the environment", () => {
    const wrong = sources.filter(
      ({ path, text }) =>
        path !== "environment.ts" && !(path in ON_SYSTEM) && withoutComments(text).includes("Math.random"),
    );
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});

test("import path = file path, one by one, and every public file has one", () => {
  const entries = Object.entries(manifest.exports).filter(([path]) => path !== "./package.json");
  for (const [path, target] of entries) {
    const file = path === "." ? "index" : path === "./testing" ? "testing/index" : path.slice(2);
    const main = { types: `./dist/${file}.d.ts`, default: `./dist/${file}.js` };
    // Applications with express-session may be CommonJS, and then their types too.
    const require = { ...main, types: `./dist/${file}.d.cts` };
    expect(target).toEqual(file === "compat/drop-in" ? { require, ...main } : main);
  }
  const published = sources
    .map(({ path }) => path)
    .filter((path) => /^(backends|adapters|compat|legacy|sockets)\//.test(path) && !/\/_/.test(path))
    .map((path) => `./${path.replace(/\.ts$/, "")}`);
  expect(entries.map(([path]) => path).sort()).toEqual(
    [
      ".",
      "./admin",
      "./dbsc",
      "./guards",
      "./otel",
      "./recorder",
      "./testing",
      "./testing/simulation",
      ...published,
    ].sort(),
  );
});
