import { InMemorySessionBackend } from "micropie";
import type { NewRecord, SessionPatch } from "micropie/backends/backend";
import type { Channel, ChannelListener, OpenChannel } from "micropie/backends/layered";

/** A store in memory that tells of each change on channels that the test can hold, lose and break. */
export class TellingBackend extends InMemorySessionBackend {
  readonly channels: TestChannel[] = [];
  /** Rejects the next attempts to open one, with this. */
  refuse: unknown;
  /** Opens one that tells nothing, as one of another store would. */
  isDeaf = false;

  readonly open: OpenChannel = async (listener, signal) => {
    if (this.refuse !== undefined) throw this.refuse;
    const channel = new TestChannel(listener);
    signal.addEventListener("abort", () => {
      channel.isClosed = true;
    });
    if (!this.isDeaf) this.channels.push(channel);
    return channel;
  };

  /** The one opened last. */
  get channel(): TestChannel {
    return this.channels.at(-1)!;
  }

  tell(handle: string): void {
    for (const channel of this.channels) channel.say((listener) => listener.changed(handle));
  }

  override create(handle: string, record: NewRecord): boolean {
    const created = super.create(handle, record);
    this.tell(handle);
    return created;
  }

  override patch(handle: string, patch: SessionPatch): ReturnType<InMemorySessionBackend["patch"]> {
    const result = super.patch(handle, patch);
    this.tell(handle);
    return result;
  }

  override touch(handle: string, idleTimeout: number): boolean {
    const isThere = super.touch(handle, idleTimeout);
    this.tell(handle);
    return isThere;
  }

  override delete(handle: string, ifVersion?: number): boolean {
    const deleted = super.delete(handle, ifVersion);
    this.tell(handle);
    return deleted;
  }
}

/** Says everything in order, pings among it; while it is held, later. */
export class TestChannel implements Channel {
  readonly #listener: ChannelListener;
  readonly #waiting: (() => void)[] = [];
  #isHeld = false;
  isClosed = false;
  /** How many pings it was sent. */
  pings = 0;

  constructor(listener: ChannelListener) {
    this.#listener = listener;
  }

  say(what: (listener: ChannelListener) => void): void {
    this.#inOrder(() => what(this.#listener));
  }

  ping(): Promise<void> {
    this.pings += 1;
    return new Promise((resolve) => this.#inOrder(resolve));
  }

  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    for (const act of this.#waiting.splice(0)) act();
  }

  lose(error: unknown = new Error("the line was cut")): void {
    this.#waiting.length = 0;
    this.#isHeld = true;
    this.#listener.lost(error);
  }

  #inOrder(act: () => void): void {
    if (this.#isHeld) this.#waiting.push(act);
    else act();
  }
}
