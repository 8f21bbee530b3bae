import type { PatchResult, SessionPatch } from "../../record/contract.ts";
import type { StoredRecord } from "../../record/record.ts";
import { mergeRow } from "../_sql/patch.ts";
import type { SessionBackend } from "../backend.ts";

/** Merges here, where the size of the whole data is known. */
export function mergeHere(
  backend: SessionBackend,
  handle: string,
  patch: SessionPatch,
  read: () => Promise<StoredRecord | undefined>,
): Promise<PatchResult> {
  return mergeRow(handle, patch, {
    environment: backend.environment,
    read,
    store: async (data, version, ifSecretHash) => {
      const whole = { ...patch, data, baseVersion: version, ifVersion: version, ifSecretHash };
      const result = await backend.patch(handle, whole);
      // "merged": a client sent it again, and others had written since it was stored.
      return result === "ok" || result === "merged";
    },
  });
}
