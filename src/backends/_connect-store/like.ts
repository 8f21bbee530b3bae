/**
 * An express-session store, with the methods used here: connect-redis, connect-mongo, connect-pg-simple,
 * connect-dynamodb, session-file-store, memorystore and many more.
 */
export interface ConnectStoreLike {
  get(sid: string, callback: (error?: unknown, session?: unknown) => void): unknown;
  set(sid: string, session: object, callback: (error?: unknown) => void): unknown;
  destroy(sid: string, callback: (error?: unknown) => void): unknown;
  /** All sessions at once, as a list or by their ids. Many stores have it. */
  all?(callback: (error?: unknown, sessions?: unknown) => void): unknown;
}

/** Returns whether it has the three methods. */
export function isConnectStore(store: unknown): store is ConnectStoreLike {
  const { get, set, destroy } = Object(store) as { [name: string]: unknown };
  return [get, set, destroy].every((method) => typeof method === "function");
}
