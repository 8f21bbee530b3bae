import node from "@astrojs/node";
import { defineConfig } from "astro/config";

const build = process.env.COMPARE_BUILD;

export default defineConfig({
  output: "server",
  adapter: node({ mode: "middleware" }),
  outDir: `./dist/${build}`,
  session: {
    driver: { entrypoint: new URL("./driver.js", import.meta.url), config: { build } },
    cookie: { secure: false, ...(build === "second" ? { name: "other" } : {}) },
    ttl: 8 * 60 * 60,
  },
  devToolbar: { enabled: false },
});
