import type { Awaitable, SessionRecord, Standing } from "../record/contract.ts";

/** Where records can be read. */
interface Readable {
  read(handle: string): Awaitable<SessionRecord | undefined>;
}

/** How many records are read at once. */
const AT_ONCE = 50;

/** Returns where these sessions stand by reading each record; returns at once if the back-end does. */
export function standingsByRead(
  backend: Readable,
  handles: readonly string[],
): Awaitable<readonly Standing[]> {
  const found: Standing[] = [];
  const note = (handle: string, record: SessionRecord | undefined): void => {
    const standing = standingOf(handle, record);
    if (standing !== undefined) found.push(standing);
  };
  const readFrom = (start: number): Awaitable<readonly Standing[]> => {
    for (let at = start; at < handles.length; at++) {
      const answer = backend.read(handles[at]!);
      if (answer instanceof Promise) return readLater(at, answer);
      note(handles[at]!, answer);
    }
    return found;
  };
  const readLater = async (
    first: number,
    begun: Promise<SessionRecord | undefined>,
  ): Promise<readonly Standing[]> => {
    const some = handles.slice(first, first + AT_ONCE);
    const records = await Promise.all([begun, ...some.slice(1).map((handle) => backend.read(handle))]);
    for (const [n, record] of records.entries()) note(some[n]!, record);
    return readFrom(first + AT_ONCE);
  };
  return readFrom(0);
}

/** Returns where the session of a record stands; undefined if it has expired, or cannot be read. */
export function standingOf(handle: string, record: SessionRecord | undefined): Standing | undefined {
  if (record === undefined || record.secretHash === "") return undefined;
  const left = Math.min(record.expiresAt, record.absoluteExpiresAt) - record.now;
  return left > 0 ? { handle, epoch: record.epoch, left } : undefined;
}
