import { CasSessionBackend } from "./_cas/cas-backend.ts";
import { type Mark, MemcachedStore } from "./_memcached/memcached-store.ts";
import { type MemcachedOptions, type MemcachedServer, resolveOptions } from "./_memcached/options.ts";

export type { MemcachedOptions, MemcachedServer } from "./_memcached/options.ts";

/**
 * Sessions in memcached 1.6 or newer, which several processes may share: one item for each session. Takes a server, as
 * `{ host, port }`, "host:port" or "memcached://host:port", or a list of them, and keeps one connection to each.
 *
 * Each change is made to what was seen and stored by compare-and-swap, so none is lost and nothing that has ended comes
 * back. What memcached evicts is gone, and its user signed out; if it evicts the list of a user's sessions,
 * `listByUser` and `revokeUser` miss some. The clock is that of each process: keep them in step.
 *
 * With several servers each session has its one server. While that is down, its sessions fail; they do not move.
 * Answers with promises. Throws ConfigError `servers`, `prefix`, `timeout` or `maxItemBytes`.
 */
export class MemcachedSessionBackend extends CasSessionBackend<Mark> {
  readonly #store: MemcachedStore;

  constructor(
    servers: MemcachedServer | string | readonly (MemcachedServer | string)[],
    options: MemcachedOptions = {},
  ) {
    const store = new MemcachedStore(resolveOptions(servers, options));
    super(store, options.now);
    this.#store = store;
  }

  /** Closes its connections; calls under way fail. May be called again. */
  override close(): void {
    this.#store.close();
  }
}
