/**
 * What a built site needs of the comparison: `{ application, store }` for each of its builds, by name. A build is bundled, so
 * it shares no module with whoever serves it.
 */
globalThis[Symbol.for("micropie comparison")] ??= {};

export const handedOver = globalThis[Symbol.for("micropie comparison")];
