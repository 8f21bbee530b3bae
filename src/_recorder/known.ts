import type { NewRecord, SessionBackend, SessionPatch, SessionRecord } from "../backends/backend.ts";
import { type Device, shownDevice } from "../core/device.ts";
import { deviceIn } from "../core/device-in-head.ts";
import { headIn } from "../core/head.ts";
import type { CallObserver, Verb } from "../core/observed.ts";

/** What the calls of the back-end have told of a session. Times are seconds since 1970. */
export interface Known {
  /** When a request last moved its deadline. */
  seenAt: number;
  expiresAt: number;
  absoluteExpiresAt: number;
  idleTimeout: number;
  device: Device | undefined;
  /** False until a request came with the id of a session that this process has created. */
  used: boolean;
  head: string;
}

/**
 * Observes the calls of a back-end, and knows of each session when it was last seen and when it expires. No call is made for
 * that. The sessions that were heard of first are forgotten first.
 */
export class KnownSessions implements CallObserver {
  readonly #backend: SessionBackend;
  readonly #most: number;
  readonly #all = new Map<string, Known>();
  /** Handles that are being asked for by an operator, which is no request of a browser. */
  readonly asking: Set<string> = new Set();

  constructor(backend: SessionBackend, most: number) {
    this.#backend = backend;
    this.#most = most;
  }

  get(handle: string): Known | undefined {
    return this.#all.get(handle);
  }

  begin(): void {}

  end(_: unknown, verb: Verb, args: readonly unknown[], answer: unknown): void {
    const handle = args[0] as string;
    if (verb === "read" && answer !== undefined) this.#read(handle, answer as SessionRecord);
    else if (verb === "create" && answer === true) this.#created(handle, args[1] as NewRecord);
    else if (verb === "touch" && answer === true) this.#seen(handle, args[1] as number);
    else if (verb === "patch" && (answer === "ok" || answer === "merged"))
      this.#patched(handle, args[1] as SessionPatch);
  }

  #read(handle: string, { head, expiresAt, absoluteExpiresAt }: SessionRecord): void {
    const known = this.#all.get(handle);
    if (this.asking.has(handle)) return;
    if (known === undefined) {
      const idleTimeout = headIn(head)?.idleTimeout;
      if (idleTimeout === undefined) return;
      const seenAt = expiresAt - idleTimeout;
      this.#add(handle, { seenAt, expiresAt, absoluteExpiresAt, idleTimeout, ...about(head), used: true });
      return;
    }
    known.used = true;
    if (known.expiresAt === expiresAt && known.head === head) return;
    if (known.head !== head)
      Object.assign(known, about(head), { idleTimeout: headIn(head)?.idleTimeout ?? 0 });
    known.expiresAt = expiresAt;
    known.absoluteExpiresAt = absoluteExpiresAt;
    known.seenAt = Math.max(known.seenAt, expiresAt - known.idleTimeout);
  }

  #created(handle: string, { idleTimeout, absoluteTimeout, head }: NewRecord): void {
    const now = this.#backend.now();
    const deadlines = { expiresAt: now + idleTimeout, absoluteExpiresAt: now + absoluteTimeout };
    this.#add(handle, { seenAt: now, ...deadlines, idleTimeout, ...about(head), used: false });
  }

  #patched(handle: string, { idleTimeout, rotation, head }: SessionPatch): void {
    const known = this.#all.get(handle);
    if (known === undefined) return;
    if (head !== undefined) Object.assign(known, about(head));
    if (rotation?.absoluteTimeout !== undefined)
      known.absoluteExpiresAt = this.#backend.now() + rotation.absoluteTimeout;
    if (idleTimeout > 0) this.#seen(handle, idleTimeout);
  }

  #seen(handle: string, idleTimeout: number): void {
    const known = this.#all.get(handle);
    if (known === undefined) return;
    known.seenAt = this.#backend.now();
    known.idleTimeout = idleTimeout;
    known.expiresAt = Math.min(known.seenAt + idleTimeout, known.absoluteExpiresAt);
  }

  #add(handle: string, known: Known): void {
    this.#all.set(handle, known);
    if (this.#all.size <= this.#most) return;
    for (const first of this.#all.keys()) if (this.#all.delete(first)) break;
  }
}

function about(text: string): { head: string; device: Device | undefined } {
  const head = headIn(text);
  const device = head && deviceIn(head);
  return { head: text, device: device && shownDevice(device) };
}
