import { flushCompileCache, registerHooks } from "node:module";

// For processes that tests start with `--import`: `micropie/...` is what is in src, built or not.
registerHooks({
  resolve(specifier, context, next) {
    const [, path] = /^micropie(?:\/(.+))?$/.exec(specifier) ?? [undefined, null];
    if (path === null) return next(specifier, context);
    const file = path === "testing" ? "testing/index" : (path ?? "index");
    return next(new URL(`../src/${file}.ts`, import.meta.url).href, context);
  },
});

// Most of these processes are killed, so they keep what they have compiled while they run, for the next one.
setTimeout(flushCompileCache, 500).unref();
