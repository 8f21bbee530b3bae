import assert from "node:assert/strict";
import type { SessionBackend } from "micropie";
import type { EndChannel, EndNotice } from "micropie/backends/backend";

/** What the channel of a store has told. Two texts are the same if the notices are. */
export class Ends {
  readonly #channel: EndChannel;
  readonly #told: EndNotice[];
  /** What waits for each beat. */
  readonly #beats: Map<string, () => void>;
  /** Rejects when the channel is lost. */
  readonly #lost: Promise<never>;

  private constructor(
    channel: EndChannel,
    told: EndNotice[],
    beats: Map<string, () => void>,
    lost: Promise<never>,
  ) {
    this.#channel = channel;
    this.#told = told;
    this.#beats = beats;
    this.#lost = lost;
    lost.catch(() => {});
  }

  /** Listens to a store. Returns undefined if it has no channel, or one that may miss something. */
  static async of(backend: SessionBackend): Promise<Ends | undefined> {
    const told: EndNotice[] = [];
    const beats = new Map<string, () => void>();
    const lost = Promise.withResolvers<never>();
    const channel = await backend.listen({
      told: (notice) => void told.push(notice),
      heard: (text) => beats.get(text)?.(),
      lost: () => lost.reject(new assert.AssertionError({ message: "the channel should not be lost" })),
    });
    if (channel?.mayMiss) await channel.close();
    return channel === undefined || channel.mayMiss
      ? undefined
      : new Ends(channel, told, beats, lost.promise);
  }

  /** Returns all that was told since the last time, each once, without what has expired. */
  async told(): Promise<string[]> {
    const beat = String(this.#beats.size);
    const heard = new Promise<void>((resolve) => this.#beats.set(beat, resolve));
    await this.#channel.beat(beat);
    await Promise.race([heard, this.#lost]);
    const notices = this.#told.splice(0).filter(({ reason }) => reason !== "expired");
    return [...new Set(notices.map(textOf))].sort();
  }

  async close(): Promise<void> {
    await this.#channel.close();
  }
}

export function textOf(notice: EndNotice): string {
  return notice.reason === "rights"
    ? `${notice.handle} rights ${notice.epoch}`
    : `${notice.handle} ${notice.reason}`;
}
