import { createRequire, isBuiltin } from "node:module";
import { installRuntimes } from "./programs.ts";

/** What is used of esbuild. */
interface Esbuild {
  build(options: object): Promise<{ outputFiles: readonly { readonly text: string }[] }>;
}
interface Building {
  onResolve(of: { filter: RegExp; namespace?: string }, resolve: (asked: Asked) => object | undefined): void;
  onLoad(of: { filter: RegExp; namespace: string }, load: (asked: { path: string }) => object): void;
}
interface Asked {
  readonly path: string;
  readonly importer: string;
  readonly kind: string;
}

/**
 * A Worker and everything that it imports as one text, bundled as wrangler does it, but with none of wrangler's stand-ins
 * for modules of Node: what workerd itself does not have is missing. `instead` names files to take for a module where it
 * is imported by a file whose path ends so.
 */
export async function bundleWorker(
  file: string,
  instead: readonly { readonly path: string; readonly by: string; readonly take: string }[] = [],
): Promise<string> {
  await installRuntimes();
  const { build } = createRequire(import.meta.url)("esbuild") as Esbuild;
  const plugin = {
    name: "workerd",
    setup(building: Building) {
      building.onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
        const found = instead.find((each) => each.path === path && importer.endsWith(each.by));
        if (found !== undefined) return { path: found.take };
        if (/^cloudflare:/.test(path)) return { path, external: true };
        if (!isBuiltin(path)) return undefined;
        const named = path.startsWith("node:") ? path : `node:${path}`;
        return kind === "require-call"
          ? { path: named, namespace: "required" }
          : { path: named, external: true };
      });
      // A Worker has no `require`, so what CommonJS modules take from Node is imported for them.
      building.onLoad({ filter: /.*/, namespace: "required" }, ({ path }) => ({
        contents: `import module_ from "${path}"; module.exports = module_;`,
      }));
    },
  };
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    logLevel: "silent",
    plugins: [plugin],
  });
  return outputFiles[0]!.text;
}
