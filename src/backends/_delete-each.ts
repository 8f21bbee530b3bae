import type { Awaitable, DeleteReason } from "../record/contract.ts";

/** Where records can be deleted. */
interface Deletable {
  delete(handle: string, ifVersion: undefined, why: DeleteReason): Awaitable<boolean>;
}

/** Deletes the records of these handles, `atOnce` at a time. Returns those that it ended. */
export async function deleteEach(
  backend: Deletable,
  handles: readonly string[],
  why: DeleteReason,
  atOnce = 50,
): Promise<string[]> {
  const ended: string[] = [];
  for (let at = 0; at < handles.length; at += atOnce) {
    const some = handles.slice(at, at + atOnce);
    const answers = await Promise.all(some.map((handle) => backend.delete(handle, undefined, why)));
    ended.push(...some.filter((_, n) => answers[n]));
  }
  return ended;
}
