import { createSessions, InMemorySessionBackend } from "micropie";
import { EVENT_NAMES } from "micropie/core/events";
import { instrument, type Meter } from "micropie/otel";
import { describe, expect, test } from "vitest";
import { COPY_OPTIONS } from "../src/cli/sessions/copy.ts";
import { FIELDS, readFilter } from "../src/cli/sessions/filter.ts";
import { EXIT_CODES } from "../src/cli/sessions/help.ts";
import { readStoreUrl, SCHEMES } from "../src/cli/sessions/store-url.ts";
import { SUBCOMMANDS } from "../src/cli/sessions/subcommands.ts";
import { read } from "./_blocks.ts";
import { files, sorted } from "./_claims.ts";

// What the page for operators says that there is, beside the source.

const page = read("docs/operators.md");

/** The cells of the table with this title. */
function table(title: string): string[][] {
  const start = page.indexOf(`\n| ${title} |`);
  expect(start, `the page has no table "${title}"`).toBeGreaterThan(-1);
  const rows = page
    .slice(start + 1)
    .split("\n\n", 1)[0]!
    .split("\n")
    .slice(2);
  return rows.map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What stands in quotes of code. */
const codes = (text: string): string[] => Array.from(text.matchAll(/`([^`]+)`/g), ([, code]) => code!);

/** The texts of a union of TypeScript. */
function union(path: string, name: string): string[] {
  const [, text] = new RegExp(`type ${name} =([^;]*);`).exec(read(path))!;
  return Array.from(text!.replace(/\/\*[\s\S]*?\*\//g, "").matchAll(/"(\w+)"/g), ([, each]) => each!);
}

describe("the command:", () => {
  test("the table has each subcommand, with what it takes and options that it has", () => {
    const rows = table("`micropie sessions`");
    expect(rows.map(([cell]) => codes(cell!)[0]!.replace(" --to URL", ""))).toEqual(
      SUBCOMMANDS.map(({ name, takes }) => `${name} ${takes}`.trim()),
    );
    const wrong = rows.flatMap((cells, index) =>
      codes(cells.join())
        .flatMap((code) => code.match(/--[a-z-]+/g) ?? [])
        .filter((option) => !Object.hasOwn(SUBCOMMANDS[index]!.options, option.slice(2)))
        .map((option) => `${SUBCOMMANDS[index]!.name} ${option}`),
    );
    expect(wrong).toEqual([]);
  });

  test("the table has each form of a URL, and no other", () => {
    const urls = table("URL").flatMap(([cell]) => codes(cell!));
    expect(sorted(urls.map((url) => /^(\w|-)+:(\/\/)?/.exec(url)![0]))).toEqual(sorted(SCHEMES));
    for (const url of urls.filter((each) => !/^[\w-]+:\/\/$/.test(each)))
      expect(readStoreUrl(url, {}, "--store", "").kind, url).toBeDefined();
    expect(() => readStoreUrl("mongodb://localhost", {}, "--store", "")).toThrow(/no URL of a store/);
  });

  test("each condition of the table is one, and it has all of them", () => {
    const conditions = table("condition").flatMap(([cell]) => codes(cell!));
    for (const text of conditions)
      expect(() => readFilter([text.replace("…", "2026-01-31")], ""), text).not.toThrow();
    const fields = sorted(conditions.map((text) => /^[a-z-]+/.exec(text)![0]));
    expect(fields).toEqual(sorted([...FIELDS, "data"]));
  });

  test("the table has the exit codes that help names and the source has", () => {
    const inTable = table("exit code").map(([code]) => code!);
    expect(inTable).toEqual(EXIT_CODES.match(/\d+/g));
    const source = files("src/cli/{sessions,}*.ts")
      .concat(files("src/cli/sessions/*.ts"))
      .map(read)
      .join("\n");
    const used = source.matchAll(/new Problem\([^;]*?, (\d+)\)|process\.exit\((\d+)|\? (\d) : (\d)/g);
    const found = sorted(Array.from(used, ([, ...codes]) => codes.find((code) => code !== undefined)));
    expect(inTable).toEqual(expect.arrayContaining(found));
    expect(found).toEqual(expect.arrayContaining(["130", "3", "4"]));
  });

  test("the table of a copy has its options", () => {
    const named = table("option | the copies have")
      .flatMap(([cell]) => codes(cell!))
      .map((code) => /^--([\w-]+)/.exec(code)![1]!);
    expect(sorted([...named, "copy"])).toEqual(sorted(Object.keys(COPY_OPTIONS)));
  });
});

describe("what is told:", () => {
  test("the tables of metrics have each of them, with its unit", () => {
    const told: [name: string, unit: string | undefined][] = [];
    const observable = { addCallback() {}, removeCallback() {} };
    const note = (name: string, about?: { unit: string }) => {
      told.push([name, about?.unit]);
      return observable;
    };
    const meter: Meter = {
      createObservableCounter: note,
      createObservableGauge: note,
      createHistogram(name, about) {
        note(name, about);
        return { record() {} };
      },
    };
    const sessions = createSessions({ backend: new InMemorySessionBackend() });
    instrument(sessions, { meter, durations: "meter" })[Symbol.dispose]();
    const rows = table("metric").map(([name, unit]) => [codes(name!)[0], codes(unit!)[0]]);
    expect(rows.sort()).toEqual(told.sort());
  });

  test("the outcomes of calls", () => {
    const [, text = ""] = /\*\*Outcomes\*\*: ([^;]*);/.exec(page)!;
    expect(sorted(codes(text))).toEqual(sorted(union("src/_otel/outcome.ts", "Outcome")));
  });

  test("each cause of an end", () => {
    expect(sorted(table("`because`").map(([cell]) => codes(cell!)[0]))).toEqual(
      sorted(union("src/_recorder/end.ts", "EndCause")),
    );
  });

  test("each event has its level, and its line in the guide", () => {
    const levels = table("level").flatMap(([, cell]) => codes(cell!));
    expect(sorted(levels)).toEqual(sorted(EVENT_NAMES));
    const guide = read("docs/guide.md").split("## Events")[1]!.split("\n## ")[0]!;
    const listed = Array.from(guide.matchAll(/^\| `(\w+)` +\|/gm), ([, name]) => name);
    expect(sorted(listed)).toEqual(sorted(EVENT_NAMES));
  });
});
