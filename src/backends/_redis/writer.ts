import type { Environment } from "../../environment.ts";
import type { PatchResult, Rotation, SessionPatch } from "../../record/contract.ts";
import { mergeRow } from "../_sql/patch.ts";
import { type Run, textOf } from "./client.ts";
import { Contended } from "./contended.ts";
import { MERGE_WITHIN, refuseLate } from "./late.ts";
import type { Reader } from "./reader.ts";
import { SESSION } from "./session-scripts.ts";
import { lifetime, type UserIndex } from "./user-index.ts";
import {
  ALWAYS,
  answerOf,
  BEHIND,
  Nonces,
  patchArguments,
  RESULTS,
  replaceArguments,
  rotateArguments,
} from "./wire.ts";

/** Stores changes of sessions. */
export class Writer {
  readonly #run: Run;
  readonly #prefix: string;
  readonly #reader: Reader;
  readonly #users: UserIndex;
  readonly #environment: () => Environment;
  readonly #nonces = new Nonces();
  readonly #contended = new Contended();

  constructor(run: Run, prefix: string, reader: Reader, users: UserIndex, environment: () => Environment) {
    this.#run = run;
    this.#prefix = prefix;
    this.#reader = reader;
    this.#users = users;
    this.#environment = environment;
  }

  /** Names a write. */
  nonce(): string {
    return this.#nonces.next();
  }

  patch(handle: string, patch: SessionPatch): Promise<PatchResult> {
    const environment = this.#environment();
    const nonce = this.nonce();
    const { rotation } = patch;
    if (rotation !== undefined) return this.#rotate(handle, patch, rotation, nonce);
    const begun = environment.now();
    const now = this.#reader.now(begun);
    const store = (mergeUntil: number): Promise<PatchResult> => {
      const simple = mergeUntil === ALWAYS ? undefined : replaceArguments(patch, nonce, now, mergeUntil);
      const script = simple === undefined ? SESSION.patch : SESSION.replace;
      const args = simple ?? patchArguments(patch, nonce, mergeUntil);
      return this.#run(script, this.#prefix + handle, args, (reply) => {
        const code = typeof reply === "number" ? reply : this.#users.confirm(handle, textOf(reply));
        if (RESULTS[code] === "merged") this.#contended.add(handle, begun);
        if (code !== BEHIND) return RESULTS[code] ?? this.#merge(handle, patch);
        refuseLate(handle, environment.now() - begun);
        return store(ALWAYS);
      });
    };
    const isContended = now !== undefined && this.#contended.has(handle, begun);
    return store(isContended ? Math.round((now + MERGE_WITHIN) * 1000) : 0);
  }

  async #rotate(
    handle: string,
    patch: SessionPatch,
    rotation: Rotation,
    nonce: string,
  ): Promise<PatchResult> {
    const environment = this.#environment();
    const begun = environment.now();
    const store = async (told: string, mergeUntil = 0): Promise<number | string> => {
      const args = rotateArguments(patch, rotation, nonce, told, mergeUntil);
      const answer = await this.#run(SESSION.rotate, this.#prefix + handle, args, (reply) =>
        told === "-" && typeof reply !== "number"
          ? this.#users.confirm(handle, textOf(reply))
          : answerOf(reply),
      );
      if (answer !== BEHIND) return answer;
      refuseLate(handle, environment.now() - begun);
      return store(told, ALWAYS);
    };
    const { idleTimeout } = patch;
    const { absoluteTimeout } = rotation;
    let { userId } = rotation;
    let seconds = absoluteTimeout === undefined ? undefined : lifetime(idleTimeout, absoluteTimeout);
    // The index needs both the user and the lifetime, because it outlives every session in it.
    if ((userId === undefined) !== (seconds === undefined)) {
      const record = await this.#reader.read(handle, environment);
      if (record === undefined) return "ended";
      userId ??= record.userId ?? undefined;
      const idle = Math.max(idleTimeout, record.expiresAt - record.now);
      seconds ??= lifetime(idle, record.absoluteExpiresAt - record.now);
    }
    const code =
      userId === undefined ? await store("-") : await this.signIn(userId, handle, seconds ?? 0, store);
    return RESULTS[Number(code)] ?? this.#merge(handle, patch);
  }

  /** Merges here, where the size of the whole data is known. */
  #merge(handle: string, patch: SessionPatch): Promise<PatchResult> {
    return mergeRow(handle, patch, {
      environment: this.#environment(),
      read: () => this.#reader.stored(handle, this.#environment()),
      store: async (data, version, ifSecretHash) => {
        const whole = { ...patch, data, baseVersion: version, ifVersion: version, ifSecretHash };
        const result = await this.patch(handle, whole);
        // "merged": a client sent it again, and others had written since it was stored.
        return result === "ok" || result === "merged";
      },
    });
  }

  /**
   * Tells the index first and stores afterwards, so that whatever is stored can be listed and revoked. The script refuses
   * what comes so late that the index may have dropped it, and replies its time. The nodes of a Cluster have clocks of
   * their own, so that may be a mistake: it is tried once more, by the clock of the node that refused.
   */
  async signIn(
    userId: string,
    handle: string,
    seconds: number,
    store: (told: string) => Promise<number | string>,
  ): Promise<number> {
    const answer = await store(await this.#users.add(userId, handle, seconds));
    if (typeof answer === "number") return answer;
    await this.#users.add(userId, handle, seconds);
    const again = await store(answer);
    if (typeof again === "number") return again;
    throw new Error(`session ${handle}: signing in took longer than 30 seconds, so nothing was stored`);
  }
}
