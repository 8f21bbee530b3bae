import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { environment, root } from "./_command.ts";

interface Bundle {
  name: string;
  minified: number;
  gzipped: number;
  budget: number;
  aim?: number;
  files: { file: string; bytes: number }[];
}

let bundles: Bundle[];
beforeAll(async () => {
  const run = promisify(execFile)(process.execPath, ["scripts/size.js", "--json"], {
    cwd: root,
    env: environment(),
    maxBuffer: 1e7,
  });
  bundles = JSON.parse((await run).stdout) as Bundle[];
});

describe("in a bundle, minified and gzipped,", () => {
  test.each([
    [0, "createSessions alone"],
    [1, "sessions in memory with the fetch adapter"],
    [2, "sessions in memory with the node adapter"],
  ])("[%i] %s: within the budget; npm run size says where the bytes are", (index) => {
    const { gzipped, budget } = bundles[index]!;
    expect(gzipped).toBeGreaterThan(0);
    expect(gzipped).toBeLessThanOrEqual(budget);
  });

  test("an adapter brings no App, no server, no body parser and no other back-end or adapter", () => {
    const asked = [[], ["dist/adapters/fetch.js"], ["dist/adapters/node.js"]];
    bundles.forEach(({ files }, index) => {
      const names = files.map(({ file }) => file);
      expect(names.filter((file) => file.startsWith("dist/adapters/"))).toEqual(asked[index]);
      expect(names).toContain("dist/core/sessions.js");
      expect(names.filter((file) => /^dist\/(app|cli|compat|facades|legacy|testing)\//.test(file))).toEqual(
        [],
      );
      const backends = names.filter((file) => /^dist\/backends\/(?!_)/.test(file));
      expect(backends.sort()).toEqual(["dist/backends/backend.js", "dist/backends/memory.js"]);
      const others = names.filter((file) => !file.startsWith("dist/"));
      expect(others.filter((file) => !file.startsWith("node_modules/devalue/"))).toEqual([]);
    });
  });

  test("docs/performance.md has these sizes, to 2 %", () => {
    const page = readFileSync(join(root, "docs/performance.md"), "utf8");
    const [, section = ""] = /<!-- size:begin[^>]*-->([\s\S]*?)<!-- size:end -->/.exec(page) ?? [];
    const rows = section.match(/^\| .*$/gm)!.slice(2);
    expect(rows).toHaveLength(bundles.length);
    rows.forEach((row, index) => {
      const [name, ...figures] = row
        .slice(2, -2)
        .split("|")
        .map((cell) => cell.trim());
      const bundle = bundles[index]!;
      expect(name).toBe(bundle.name);
      const [minified, gzipped, budget, aim] = figures.map((figure) => Number(figure) * 1000);
      expect([budget, aim]).toEqual([bundle.budget, bundle.aim ?? 0]);
      for (const [written, measured] of [
        [minified!, bundle.minified],
        [gzipped!, bundle.gzipped],
      ] as const)
        expect(Math.abs(written / measured - 1), `${row}: run npm run size -- --write`).toBeLessThan(0.02);
    });
  });
});
