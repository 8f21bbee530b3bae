/** Imports one module in a fresh process; reports the ms that it took, and the files that were loaded for it. */
import { registerHooks } from "node:module";

const [name] = process.argv.slice(2);
let files = 0;
if (process.argv.includes("--count"))
  registerHooks({
    load(url, context, next) {
      if (url.startsWith("file:")) files++;
      return next(url, context);
    },
  });
const before = performance.now();
await import(name);
process.send({ ms: performance.now() - before, files });
process.disconnect();
