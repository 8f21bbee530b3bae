import { warn } from "../../warning.ts";

const REMEDY = "Raise maxBytes, shorten the idle timeout, or use a back-end with a disk.";

/** Emits the process warning that sessions are being evicted. */
export function warnFull(maxBytes: number): void {
  warn(
    "MICROPIE_MEMORY_FULL",
    `The sessions in memory have reached maxBytes (${maxBytes}), so those unused for longest are being evicted. ${REMEDY}`,
  );
}

/** Emits the process warning that users are being signed out. */
export function warnSignedOut(maxBytes: number): void {
  warn(
    "MICROPIE_MEMORY_SIGNED_OUT",
    `The sessions of signed-in users have reached seven eighths of maxBytes (${maxBytes}), so those unused for longest ` +
      `are being evicted, and their users signed out. ${REMEDY}`,
  );
}
