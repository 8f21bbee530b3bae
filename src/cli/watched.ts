import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";

/** Returns true if a parent process restarts this one when a file changes: `micropie --watch` or `node --watch`. */
export function isWatched(): boolean {
  return process.env.MICROPIE_WATCHED !== undefined || process.env.WATCH_REPORT_DEPENDENCIES !== undefined;
}

/**
 * Tells the parent which files the application imports from now on, including files that do not exist yet. Node before 22.15
 * cannot report imports; only the application's own file is watched there.
 */
export function reportImports(): void {
  if (process.env.MICROPIE_WATCHED === undefined || process.send === undefined) return;
  // Nothing else would stop this process after its parent has died.
  process.once("disconnect", () => process.exit(0));
  process.channel?.unref();
  if (!("registerHooks" in nodeModule)) return;
  nodeModule.registerHooks({
    resolve(specifier, context, nextResolve) {
      if (/^\.{0,2}\//.test(specifier)) report(new URL(specifier, context.parentURL).href);
      const resolved = nextResolve(specifier, context);
      report(resolved.url);
      return resolved;
    },
  });
}

function report(url: string): void {
  if (url.startsWith("file:") && !url.includes("/node_modules/")) process.send?.(fileURLToPath(url));
}
