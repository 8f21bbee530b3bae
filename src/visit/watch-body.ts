/** What has sessions that a body can change. */
export interface Watching {
  /** Saves what changed since the head was sent. */
  commitLate(): unknown;
  /** Drops unsaved changes. */
  discard(): void;
}

/**
 * Returns a body with the same chunks, read no faster than they are needed. Saves before its end, and if the reader
 * leaves; drops changes if the given body fails. That body is not locked until the first read, so its
 * owner can see that nobody reads it (HEAD).
 */
export function watchBody(body: ReadableStream<Uint8Array>, sessions: Watching): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let isOver = false;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let result: ReadableStreamReadResult<Uint8Array>;
        try {
          reader ??= body.getReader();
          result = await reader.read();
        } catch (error) {
          isOver = true;
          sessions.discard();
          throw error;
        }
        // The reader left meanwhile, and `cancel` does the rest.
        if (isOver) return;
        if (!result.done) {
          controller.enqueue(result.value);
          return;
        }
        isOver = true;
        const saving = sessions.commitLate();
        if (saving !== undefined) await saving;
        controller.close();
      },
      async cancel(reason) {
        // The reader left while the last save was running.
        if (isOver) return;
        isOver = true;
        try {
          await (reader ?? body).cancel(reason);
        } finally {
          await (async () => sessions.commitLate())().catch(() => {});
        }
      },
    },
    { highWaterMark: 0 },
  );
}

/** Returns false for a stream of JavaScript values. The streams that a runtime makes of text and bytes have bytes. */
export function isOfBytes(body: ReadableStream<Uint8Array>): boolean {
  try {
    body.getReader({ mode: "byob" }).releaseLock();
    return true;
  } catch {
    return false;
  }
}
