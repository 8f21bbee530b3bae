import { fileURLToPath } from "node:url";
import { defineConfig, type ViteUserConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

const config: ViteUserConfig = defineConfig({
  resolve: {
    alias: [
      { find: /^micropie$/, replacement: source("index.ts") },
      { find: /^micropie\/testing$/, replacement: source("testing/index.ts") },
      { find: /^micropie\/(.+)$/, replacement: `${source("")}$1.ts` },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/_drivers.ts", "test/_servers.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Most of the long tests wait for a server or a fault, not for the processor.
    maxWorkers: 4,
  },
});
export default config;
