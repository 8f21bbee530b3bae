import { fileURLToPath } from "node:url";
import { defineConfig, type TestProjectInlineConfiguration, type ViteUserConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { CIRCLES, type Circle, ISOLATED, LONGEST } from "./test/circles.ts";

// What a process has compiled, the next one need not: the tests start thousands, and most of their time is this.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL(".tmp/compiled", import.meta.url));

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

const SERVERS = "test/_servers.ts";
const DRIVERS = "test/_drivers.ts";

/** What is started or installed before the tests of a circle. */
const SETUP: Readonly<Record<Circle, readonly string[]>> = {
  stores: [DRIVERS, SERVERS],
  frameworks: [SERVERS],
  runtimes: [DRIVERS, SERVERS],
  processes: [SERVERS],
};

function circle(name: Circle): TestProjectInlineConfiguration {
  const test = { name, include: [...CIRCLES[name]], globalSetup: [...SETUP[name]] };
  // Most of these tests wait for a server, a build or a fault, not for the processor.
  return { extends: true, test: { ...test, maxWorkers: 4, sequence: { groupOrder: 1 } } };
}

/** Those that take longest go first: if one of them began last, it would run alone for minutes. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONGEST.some((path) => moduleId.endsWith(path));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

const outer = ["**/node_modules/**", ...Object.values(CIRCLES).flat()];

/** What `npm test` runs: `base`, whose test files share their modules, which saves half of the time, and `isolated`. */
const base: TestProjectInlineConfiguration = {
  extends: true,
  test: {
    name: "base",
    include: ["test/**/*.test.ts"],
    exclude: [...outer, ...ISOLATED],
    setupFiles: ["test/_shared.ts"],
    pool: "threads",
    isolate: false,
    maxWorkers: 2,
  },
};

const isolated: TestProjectInlineConfiguration = {
  extends: true,
  test: { name: "isolated", include: [...ISOLATED], exclude: outer, pool: "threads", maxWorkers: 2 },
};

const config: ViteUserConfig = defineConfig({
  resolve: {
    alias: [
      { find: /^micropie$/, replacement: source("index.ts") },
      { find: /^micropie\/testing$/, replacement: source("testing/index.ts") },
      { find: /^micropie\/(.+)$/, replacement: `${source("")}$1.ts` },
    ],
  },
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [base, isolated, ...(Object.keys(CIRCLES) as Circle[]).map(circle)],
    // Only what is broken takes this long: tests wait for conditions, also on a machine that does other things.
    testTimeout: 300_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 100_000 } },
  },
});
export default config;
