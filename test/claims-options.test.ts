import { createSessions } from "micropie";
import { describe, expect, test } from "vitest";
import { resolveAppOptions } from "../src/app/options.ts";
import { SESSION_OPTIONS } from "../src/core/options.ts";
import { secondsOf } from "../src/duration.ts";
import { read } from "./_blocks.ts";
import { BESIDE_STORES, exported, FRAMEWORKS, NUMBERS, readme, sorted } from "./_claims.ts";

// What the pages say of options, times and numbers, beside the source.

describe("options:", () => {
  const { options } = createSessions();
  const rows = Array.from(
    read("docs/guide.md")
      .split("## Every option")[1]!
      .split("\n## ")[0]!
      .matchAll(/^\| (`.*?) *\| *(.*?) *\|/gm),
    ([, names, value]) => ({
      names: Array.from(names!.matchAll(/`([^`]+)`/g), ([, name]) => name!),
      value: value!,
    }),
  );
  const named = rows.flatMap(({ names }) => names);

  test("the guide's table has every option of createSessions, and no other", () => {
    expect(sorted(named.map((name) => name.split(".")[0]))).toEqual(sorted(SESSION_OPTIONS));
    // A nested one that does not exist is a ConfigError too.
    const accepted = named.filter((name) => {
      const [option, inner] = name.split(".");
      if (inner === undefined) return true;
      try {
        createSessions({ [option!]: { [inner]: undefined } });
        return true;
      } catch {
        return false;
      }
    });
    expect(accepted).toEqual(named);
    expect(named).toEqual(
      expect.arrayContaining([
        "timeouts.idle",
        "timeouts.absolute",
        "timeouts.level",
        "lock.wait",
        "lock.ttl",
      ]),
    );
  });

  test("its defaults are the defaults", () => {
    const wrong = rows.flatMap(({ names: [name = ""], value }) => {
      const said = /^[\d,.]+( [smhd])?$/.test(value)
        ? inUnits(value)
        : value === "true"
          ? true
          : value === "false"
            ? false
            : undefined;
      const [option, inner] = name.split(".");
      const found = (options as unknown as Record<string, Record<string, unknown>>)[option!];
      const real = inner === undefined ? found : found?.[inner];
      return said === undefined || real === undefined || said === real
        ? []
        : [`${name}: ${value} is ${real}`];
    });
    expect(wrong).toEqual([]);
    const numbers = rows.filter(({ value }) => /^\d/.test(value));
    expect(numbers.map(({ names }) => names[0])).toEqual([
      "timeouts.idle",
      "timeouts.absolute",
      "rotationGrace",
      "maxBytes",
      "backendTimeout",
      "watchLease",
      "lock.wait",
      "lock.ttl",
    ]);
  });

  test("names in the README and on the page of sessions exist", () => {
    const exports = read("test/package.exports.txt").match(/\w+$/gm)!;
    const app = ["sessionBackend", "session", "request", ...Object.keys(resolveAppOptions({}))];
    const known = new Set([...exports, ...named, ...SESSION_OPTIONS, ...app, ...OTHER_NAMES]);
    const wrong = ["README.md", "docs/managing-sessions.md"].flatMap((page) =>
      Array.from(
        read(page)
          .replace(/```[\s\S]*?```/g, "")
          .replace(/^\| (?!-)[^|]*\|/gm, "")
          .matchAll(/`([^`]+)`/g),
      )
        .map(([, code]) => code!.replace(/^(this\.)?request\.|\(.*$/g, ""))
        .filter((code) => /^[\w.]+$/.test(code) && !known.has(code))
        .map((code) => `${page}: ${code}`),
    );
    expect(wrong).toEqual([]);
  });
});

/** What the two pages name beside exports and options: members of requests, headers, words of HTTP. */
const OTHER_NAMES = [
  "session_id",
  "fetch",
  "index",
  "query",
  "form",
  "raw",
  "beforeRequest",
  "afterRequest",
  "ws_chat",
  "wsMiddlewares",
  "startupHandlers",
  "shutdownHandlers",
  "HttpOnly",
  "Secure",
  "this.request",
  "session.visits",
  "sessions.list",
  "sessions.count",
];

describe("limits:", () => {
  const { timeouts, rotationGrace, lock, backendTimeout, maxBytes } = createSessions().options;
  const { idle, absolute } = timeouts;
  const said: [page: string, sentence: RegExp, value: number][] = [
    ["docs/managing-sessions.md", /ends after (\w+ \w+) without a request \(`timeouts.idle`\)/, idle],
    ["docs/managing-sessions.md", /after (\w+ \w+) in any case \(`timeouts.absolute`\)/, absolute],
    ["docs/guide.md", /`timeouts.idle`: the time without a request. Default: (\w+ \w+)/, idle],
    ["docs/guide.md", /since the last sign-in. Default: (\w+ \w+)/, absolute],
    ["docs/guide.md", /The old id works for (\w+ more \w+) \(`rotationGrace`\)/, rotationGrace],
    ["docs/guide.md", /A call waits (\w+ \w+) at most \(`lock.wait`/, lock.wait],
    ["docs/guide.md", /its lock expires after (\w+ \w+) \(`lock.ttl`\)/, lock.ttl],
    ["docs/guide.md", /has a deadline \(`backendTimeout`, (\w+ \w+)\)/, backendTimeout],
    ["docs/guide.md", /above (\w+ KiB) \(`maxBytes`\)/, maxBytes],
    ["docs/guide.md", /`aal1` \((\w+ \w+) idle/, level("aal1").idle],
    ["docs/guide.md", /`aal1` \(\w+ \w+ idle, (\w+ \w+) in total\)/, level("aal1").absolute],
    ["docs/guide.md", /`aal2` \((\w+ \w+), /, level("aal2").idle],
    ["docs/guide.md", /`aal2` \(\w+ \w+, (\w+ \w+)\)/, level("aal2").absolute],
    ["docs/guide.md", /`aal3` \((\w+ \w+), /, level("aal3").idle],
    ["docs/guide.md", /`aal3` \(\w+ \w+, (\w+ \w+)\)/, level("aal3").absolute],
    ["docs/guarantees.md", /A session ends after (\w+ \w+) without a request/, idle],
    ["docs/guarantees.md", /without a request and after (\w+ \w+) in total/, absolute],
  ];

  test.each(said)("%s says %s", (page, sentence, value) => {
    const found = sentence.exec(read(page).replace(/\s+/g, " "));
    expect(found, `${page} does not say this any more`).not.toBeNull();
    expect(inWords(found![1]!)).toBe(value);
  });

  test("the page of sessions and the README name no other time", () => {
    const text = readme + read("docs/managing-sessions.md");
    const times = text.matchAll(
      /\b((?:\d+|one|two|five|eight|nine|ten|twenty|thirty) (?:seconds?|minutes?|hours?|days?))\b/g,
    );
    expect(sorted(Array.from(times, ([, time]) => time))).toEqual(["30 days", "eight hours"]);
  });

  test("there are as many stores and frameworks as the pages say", () => {
    const stores = exported("backends").filter(
      (name) => !["backend", "connect-store", "unstorage", ...BESIDE_STORES].includes(name),
    );
    const frameworks = Object.values(FRAMEWORKS).filter((name) => name !== "node" && name !== "fetch");
    expect(
      /(\w+)\s\[back-ends\]\(backends\.md\) come with micropie/
        .exec(read("docs/managing-sessions.md"))![1]!
        .toLowerCase(),
    ).toBe(NUMBERS[stores.length]);
    expect(/^\| stores +\| (\w+),/m.exec(read("docs/compare.md"))![1]).toBe(NUMBERS[stores.length]);
    expect(/^\| frameworks +\| (\w+),/m.exec(read("docs/compare.md"))![1]).toBe(NUMBERS[frameworks.length]);
  });
});

function level(name: "aal1" | "aal2" | "aal3") {
  return createSessions({ timeouts: name }).options.timeouts;
}

/** "eight hours", "ten more seconds", "64 KiB": in seconds or bytes. */
function inWords(text: string): number {
  const [count = "", unit = ""] = [text.split(" ")[0], text.split(" ").at(-1)];
  const number = /^\d/.test(count) ? Number(count) : NUMBERS.indexOf(count);
  return unit === "KiB" ? number * 1024 : secondsOf("said", `${number}${unit[0]}`, 0, 0);
}

/** "8 h", "65,536" */
function inUnits(text: string): number {
  const [number = "", unit] = text.replaceAll(",", "").split(" ");
  return unit === undefined ? Number(number) : secondsOf("said", `${Number(number)}${unit}`, 0, 0);
}
