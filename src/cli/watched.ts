import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";

/** Whether a parent restarts this process when a file changes: ours, or `node --watch`. */
export function isWatched(): boolean {
  return process.env.MICROPIE_WATCHED !== undefined || process.env.WATCH_REPORT_DEPENDENCIES !== undefined;
}

/**
 * Tells the parent which files the application imports from now on, also those that are not there yet. Node before
 * 22.15 cannot say it; there, only the application's first file is watched.
 */
export function reportImports(): void {
  if (process.env.MICROPIE_WATCHED === undefined || process.send === undefined) return;
  // Without its parent nobody would stop this process.
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
