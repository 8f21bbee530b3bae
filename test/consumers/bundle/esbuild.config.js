import { build } from "esbuild";

await build({
  entryPoints: ["node-server.js", "fetch-server.js", "app-server.js"],
  bundle: true,
  platform: "node",
  target: "node22",
  format: "esm",
  // Packages that are CommonJS, such as Express, call `require`.
  banner: {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  },
  outdir: "out",
});
