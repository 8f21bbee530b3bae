const running = new WeakMap<object, Set<Promise<unknown>>>();

/**
 * Tells `callback` how work for a request ends, and makes the answer wait for it. If there is no callback to hear of a
 * failure, the answer fails. What a callback throws is the process's business, and not the store's.
 */
export function follow(req: object, work: Promise<unknown>, callback?: (error?: unknown) => void): void {
  const heard =
    callback === undefined
      ? work
      : work.then(
          () => queueMicrotask(() => callback()),
          (error: unknown) => queueMicrotask(() => callback(error)),
        );
  heard.catch(() => {});
  const its = running.get(req) ?? new Set();
  running.set(req, its);
  its.add(heard);
  heard.then(
    () => its.delete(heard),
    () => {},
  );
}

/** Settles when all of it is done; undefined if nothing runs. Throws what nobody has heard of. */
export function followed(req: object): Promise<unknown> | undefined {
  const its = running.get(req);
  if (its === undefined || its.size === 0) return undefined;
  return Promise.all(its);
}
