import { ConfigError } from "../errors.ts";
import type { Awaitable, LoadSave, SessionData } from "../record/contract.ts";
import { refuseOther } from "./_kind.ts";
import { overridesDictionary } from "./_overrides.ts";
import { SessionBackend } from "./_session-backend.ts";

export type {
  Awaitable,
  DataChanges,
  DeleteReason,
  EndChannel,
  EndListener,
  EndNotice,
  LoadSave,
  NewRecord,
  PatchResult,
  Rotation,
  ScanOptions,
  ScanPage,
  SessionCount,
  SessionData,
  SessionPatch,
  SessionRecord,
  Standing,
  UserSession,
  WholeRecord,
} from "../record/contract.ts";
export { SessionBackend } from "./_session-backend.ts";

class LoadSaveBackend extends SessionBackend {
  readonly #inner: LoadSave;

  constructor(inner: LoadSave) {
    super();
    this.#inner = inner;
    if (!(inner instanceof SessionBackend)) return;
    for (const name of ["environment", "onExpired"] as const) {
      Object.defineProperty(this, name, {
        get: () => inner[name],
        set: (value: unknown) => Object.assign(inner, { [name]: value }),
      });
    }
  }

  override load(id: string): Awaitable<SessionData | null | undefined> {
    return this.#inner.load(id);
  }

  override save(id: string, data: SessionData, timeout: number): Awaitable<void> {
    return this.#inner.save(id, data, timeout);
  }

  override prune(): Awaitable<number> {
    return this.#inner instanceof SessionBackend ? this.#inner.prune() : 0;
  }

  override close(): Awaitable<void> {
    if (this.#inner instanceof SessionBackend) return this.#inner.close();
  }
}

/** One per object: two engines on the same object must share the fallback's queues. */
const wrapped = new WeakMap<LoadSave, LoadSaveBackend>();

/**
 * Returns the object itself if it has the full contract, even from another copy of this package; else wraps it. A
 * subclass of a back-end with the full contract that overrides only `load` or `save` is one with these two methods.
 * Throws ConfigError `backend` for anything else; `wanted` says what to pass.
 */
export function toBackend(
  backend: SessionBackend | LoadSave,
  wanted = "Pass a SessionBackend made with this, or an object with the methods load and save",
): SessionBackend {
  if (typeof backend?.load !== "function" || typeof backend.save !== "function") {
    refuseOther(backend, [], wanted);
    throw new ConfigError("backend", `${wanted}.`);
  }
  if ("patch" in backend && "read" in backend && !overridesDictionary(backend)) return backend;
  const known = wrapped.get(backend) ?? new LoadSaveBackend(backend);
  wrapped.set(backend, known);
  return known;
}
