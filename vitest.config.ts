import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";
import { OUTER } from "./test/circles.ts";

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

const outer = Object.entries(OUTER).map(([name, { files }]) => ({
  extends: true as const,
  test: { name, include: [...files], globalSetup: ["test/_drivers.ts", "test/_servers.ts"] },
}));
const base = {
  extends: true as const,
  test: {
    name: "base",
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**", ...Object.values(OUTER).flatMap(({ files }) => files)],
  },
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
    projects: [base, ...outer],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
export default config;
