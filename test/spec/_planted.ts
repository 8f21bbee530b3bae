import { InMemorySessionBackend } from "micropie";
import type { PatchResult, SessionPatch, SessionRecord } from "micropie/backends/backend";
import { BlobBackend, UpsertBackend } from "../testing/wrong-backends.ts";

/** A store that leaves out a condition of a patch. */
function ignoring(change: (patch: SessionPatch, record: SessionRecord) => Partial<SessionPatch>) {
  return class extends InMemorySessionBackend {
    override patch(handle: string, patch: SessionPatch): PatchResult {
      const record = this.read(handle);
      return super.patch(handle, record === undefined ? patch : { ...patch, ...change(patch, record) });
    }
  };
}

/** A store that remembers something of a record wrongly. */
function remembering(change: (record: SessionRecord) => Partial<SessionRecord>) {
  return class extends InMemorySessionBackend {
    override read(handle: string): SessionRecord | undefined {
      const record = super.read(handle);
      return record && { ...record, ...change(record) };
    }
  };
}

class DeletesAnyhow extends InMemorySessionBackend {
  override delete(handle: string): boolean {
    return super.delete(handle);
  }
}

class TouchRevives extends UpsertBackend {
  override patch(handle: string, patch: SessionPatch): PatchResult {
    return InMemorySessionBackend.prototype.patch.call(this, handle, patch) as PatchResult;
  }
}

class LockedIsFree extends InMemorySessionBackend {
  readonly #fences = new Map<string, number>();

  override lock(handle: string, seconds: number): number | "busy" | "ended" {
    super.relock(handle, this.#fences.get(handle) ?? 0, 0);
    const fence = super.lock(handle, seconds);
    if (typeof fence === "number") this.#fences.set(handle, fence);
    return fence;
  }
}

class RelocksAny extends InMemorySessionBackend {
  readonly #fences = new Map<string, number>();

  override lock(handle: string, seconds: number): number | "busy" | "ended" {
    const fence = super.lock(handle, seconds);
    if (typeof fence === "number") this.#fences.set(handle, fence);
    return fence;
  }

  override relock(handle: string, fence: number, seconds: number): boolean {
    return super.relock(handle, this.#fences.get(handle) ?? fence, seconds);
  }
}

class LockStays extends InMemorySessionBackend {
  override lock(handle: string): number | "busy" | "ended" {
    return super.lock(handle, 1e9);
  }
}

/** Stores that are wrong on purpose, each by the switch of the model that takes the same condition away. */
export const PLANTED: Record<string, new () => InMemorySessionBackend> = {
  NO_BASE_VERSION: BlobBackend,
  DELETE_ANYHOW: DeletesAnyhow,
  NO_IF_VERSION: ignoring(() => ({ ifVersion: undefined })),
  UPSERT: UpsertBackend,
  TOUCH_REVIVES: TouchRevives,
  NO_IF_SECRET_HASH: ignoring(() => ({ ifSecretHash: undefined })),
  NO_IF_EPOCH: ignoring((_, { epoch }) => ({ ifEpoch: epoch })),
  NO_PREVIOUS_EPOCH: remembering(({ epoch }) => ({ previousEpoch: epoch })),
  GRACE_STAYS: remembering(({ now }) => ({ previousUntil: now + 1 })),
  NO_IF_FENCE: ignoring(() => ({ ifFence: undefined })),
  LOCKED_IS_FREE: LockedIsFree,
  LOCK_STAYS: LockStays,
  RELOCK_ANY: RelocksAny,
};
