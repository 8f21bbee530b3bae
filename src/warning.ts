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
