import { ConfigError } from "../errors.ts";

/** What a reader needs of a store with callbacks: that of express-session, or of @fastify/session. */
export interface CallbackStore {
  get(sid: string, callback: (error: unknown, session?: unknown) => void): unknown;
  destroy(sid: string, callback: (error?: unknown) => void): unknown;
}

/** Throws ConfigError `store`. */
export function checkStore(store: CallbackStore): CallbackStore {
  if (typeof store?.get === "function" && typeof store.destroy === "function") return store;
  throw new ConfigError(
    "store",
    "Give the store that the library was given: an object with get and destroy.",
  );
}

/** What is stored under an id. A file that is not there is no failure, as the libraries have it. */
export function stored(store: CallbackStore, sid: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    store.get(sid, (error, session) => (error ? reject(error) : resolve(session)));
  }).catch(ifMissing);
}

/** Ends what is stored under an id, if there is anything. */
export async function removed(store: CallbackStore, sid: string): Promise<void> {
  await new Promise<unknown>((resolve, reject) => {
    store.destroy(sid, (error) => (error ? reject(error) : resolve(undefined)));
  }).catch(ifMissing);
}

function ifMissing(error: unknown): undefined {
  if ((error as { code?: unknown } | null)?.code !== "ENOENT") throw error;
}
