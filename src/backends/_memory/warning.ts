/** Emits the process warning that sessions are being evicted. */
export function warnFull(maxBytes: number): void {
  process.emitWarning(
    `The sessions in memory have reached maxBytes (${maxBytes}), so those closest to expiry are being evicted. ` +
      "Raise maxBytes, shorten the idle timeout, or use a back-end with a disk.",
    { type: "MicropieWarning", code: "MICROPIE_MEMORY_FULL" },
  );
}
