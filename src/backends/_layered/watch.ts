import { randomBytes } from "node:crypto";
import type { SessionBackend } from "../backend.ts";
import type { Channel, ChannelListener, OpenChannel } from "./channel.ts";
import { type Moment, secondsBetween } from "./moment.ts";

/** Seconds that a channel may take to open and to prove itself, before it is given up. */
const OPENING = 5;
/** Seconds that it may take to answer a ping. */
const PATIENCE = 2;
/** Seconds before the second attempt; each later one waits twice as long, up to the last. */
const FIRST_PAUSE = 0.1;
const LAST_PAUSE = 10;

/** What a watch is made of. */
export interface WatchOptions {
  readonly open: OpenChannel;
  /** Where the records are that the channel should tell of. */
  readonly backend: SessionBackend;
  /** Seconds for which one ping proves. */
  readonly lease: number;
  /** Told what the channel tells, and of everything when it is lost. */
  readonly changed: (handle: string) => void;
  readonly changedAll: () => void;
}

/**
 * Keeps a channel open, and knows for how long it is proven to have told everything. It does so only when asked, so it
 * needs no timer, and a process whose sessions nobody uses asks the store for nothing.
 */
export class Watch {
  readonly #options: WatchOptions;
  #state: "down" | "opening" | "up" | "closed" = "down";
  /** Raised with every attempt: what an earlier one still has to say counts for nothing. */
  #attempt = 0;
  #channel: Channel | undefined;
  /** Ends what the attempt has opened. */
  #end = new AbortController();
  /** When the attempt under way began. */
  #openedAt = 0;
  /** The steady clock when the next attempt may be made. */
  #retryAt = 0;
  #pause = FIRST_PAUSE;
  #pingedAt: Moment | undefined;
  /** When the pings were sent that are not answered yet. */
  #unanswered: Moment[] = [];
  /** Everything that the store had acknowledged until then is told. */
  #provenAt: Moment | undefined;
  #problem: unknown;
  /** Whether it has worked once, or somebody was told that it does not. */
  #isKnown = false;
  /** Resolved, and replaced, whenever one of these becomes another. */
  #news = Promise.withResolvers<void>();
  /** The handle that proves, once it is told, that the channel is one of this store. */
  #awaited: { readonly handle: string; readonly told: () => void } | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Why there is no channel just now; undefined if there is one, or nobody needed it yet. */
  get problem(): unknown {
    return this.#problem;
  }

  /** Whether all that had been acknowledged `lease` seconds before this moment is told. Sees to the channel. */
  holds(now: Moment): boolean {
    this.#tend(now);
    return this.#provenAt !== undefined && secondsBetween(this.#provenAt, now) < this.#options.lease;
  }

  /** Resolves when there is a channel that has told everything until now. Rejects with why there is none. */
  async ready(): Promise<void> {
    const called = this.#moment();
    this.#retryAt = 0;
    while (this.#provenAt === undefined || this.#provenAt.steady < called.steady) {
      const now = this.#moment();
      this.#tend(now);
      if (this.#state === "down" || this.#state === "closed") throw this.#problem;
      if (this.#state === "up" && this.#pingedAt!.steady < called.steady) this.#ping(now);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, 1000);
      });
      await Promise.race([this.#news.promise, late]);
      clearTimeout(timer);
    }
  }

  /** Whether there is a channel, so that what is read from now on may be kept. */
  get isUp(): boolean {
    return this.#state === "up";
  }

  close(): void {
    this.#leave("closed");
    this.#problem = new Error("The back-end is closed.");
  }

  #tend(now: Moment): void {
    if (this.#state === "up") {
      const [oldest] = this.#unanswered;
      if (oldest !== undefined && now.steady - oldest.steady > PATIENCE) {
        this.#lose(new Error(`The channel did not answer for ${PATIENCE} seconds.`), now.steady);
      } else if (secondsBetween(this.#pingedAt!, now) >= this.#options.lease / 4) this.#ping(now);
    } else if (this.#state === "opening") {
      if (now.steady - this.#openedAt <= OPENING) return;
      const what = this.#awaited === undefined ? "did not open" : "told nothing of a change in the store";
      this.#lose(new Error(`The channel ${what} within ${OPENING} seconds.`), now.steady);
    } else if (this.#state === "down" && now.steady >= this.#retryAt) {
      this.#state = "opening";
      this.#openedAt = now.steady;
      this.#attempt += 1;
      void this.#open(this.#attempt);
    }
  }

  async #open(attempt: number): Promise<void> {
    const isOver = (): boolean => attempt !== this.#attempt;
    const listener: ChannelListener = {
      changed: (handle) => {
        if (isOver()) return;
        if (handle === this.#awaited?.handle) this.#awaited.told();
        else this.#options.changed(handle);
      },
      changedAll: () => {
        if (!isOver()) this.#options.changedAll();
      },
      lost: (error) => {
        if (!isOver()) this.#lose(error);
      },
    };
    try {
      const channel = await this.#options.open(listener, this.#end.signal);
      if (isOver()) return;
      this.#channel = channel;
      await this.#prove();
      if (isOver()) return;
      this.#state = "up";
      this.#awaited = undefined;
      this.#problem = undefined;
      this.#isKnown = true;
      this.#ping(this.#moment());
      this.#tellNews();
    } catch (error) {
      listener.lost(error);
    }
  }

  /** Makes a record and ends it, and waits until the channel tells: it may be one of another store. */
  async #prove(): Promise<void> {
    const { backend } = this.#options;
    const handle = randomBytes(12).toString("base64url");
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited = { handle, told: resolve };
    await backend.create(handle, {
      data: "{}",
      secretHash: randomBytes(32).toString("base64url"),
      userId: null,
      idleTimeout: 60,
      absoluteTimeout: 60,
      persistent: false,
    });
    await backend.delete(handle);
    await promise;
  }

  #ping(sentAt: Moment): void {
    const attempt = this.#attempt;
    this.#pingedAt = sentAt;
    this.#unanswered.push(sentAt);
    const channel = this.#channel!;
    const answered = (async () => channel.ping())();
    answered.then(
      () => {
        if (attempt !== this.#attempt) return;
        const place = this.#unanswered.indexOf(sentAt);
        // A later one was faster, and proves more.
        if (place === -1) return;
        this.#unanswered.splice(0, place + 1);
        this.#provenAt = sentAt;
        this.#pause = FIRST_PAUSE;
        this.#tellNews();
      },
      (error: unknown) => {
        if (attempt === this.#attempt) this.#lose(error);
      },
    );
  }

  #lose(error: unknown, now: number = performance.now() / 1000): void {
    this.#leave("down");
    this.#problem = error;
    this.#retryAt = now + this.#pause;
    this.#pause = Math.min(this.#pause * 2, LAST_PAUSE);
    if (this.#isKnown) return;
    this.#isKnown = true;
    const reason = error instanceof Error ? error.message : String(error);
    process.emitWarning(`Sessions are not cached, because there is no news of their changes: ${reason}`, {
      type: "MicropieWarning",
      code: "MICROPIE_NOT_CACHED",
    });
  }

  #leave(state: "down" | "closed"): void {
    this.#attempt += 1;
    this.#state = state;
    this.#provenAt = undefined;
    this.#unanswered = [];
    this.#awaited = undefined;
    this.#channel = undefined;
    this.#options.changedAll();
    this.#tellNews();
    this.#end.abort();
    this.#end = new AbortController();
  }

  #tellNews(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  #moment(): Moment {
    return { steady: performance.now() / 1000, wall: this.#options.backend.now() };
  }
}
