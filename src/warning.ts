/**
 * Emits a process warning with a stable `code`. Prints it where the runtime has no process warnings, as Workers with an
 * early compatibility date.
 */
export function warn(code: string, message: string): void {
  if (typeof process.emitWarning === "function") process.emitWarning(message, { code });
  else console.warn(`${code}: ${message}`);
}

/** Returns true if `NODE_ENV` is "production". Returns false if this process may not know, as in Deno without permission. */
export function isProduction(): boolean {
  try {
    return process.env.NODE_ENV === "production";
  } catch {
    return false;
  }
}

/** Returns where `called` is called from, as "app.js:3:9"; "" if the stack does not show it. */
export function callerOf(called: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace?.(holder, called);
  const frame = holder.stack?.split("\n")[1]?.trim() ?? "";
  const [place] = /(file:\/\/|\/|[A-Z]:\\)[^()]*:\d+:\d+(?=\)?$)/.exec(frame) ?? [];
  if (place === undefined) return "";
  const path = place.startsWith("file:") ? decodeURI(new URL(place).pathname) : place;
  const folder = `${process.cwd()}/`;
  return path.startsWith(folder) ? path.slice(folder.length) : path;
}
