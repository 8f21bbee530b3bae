import type { EndChannel, EndListener, EndNotice } from "../backends/backend.ts";
import type { Engine } from "./live.ts";

/** Hundredths of a second from one beat to the next. */
const BEAT = 50;
/** After this long without one, the channel counts as lost. */
const SILENCE = 200;
/** How long it may take to open it. */
const OPENING = 500;
/** How long to wait before it is opened again: at first, and at most. */
const AGAIN = { first: 25, most: 1000 };

interface Whoever {
  now(): number;
  told(notice: EndNotice): void;
}

/**
 * The channel of one back-end, kept open: beats go through the store and come back on it, so that one that is silent, cut
 * off or looks open is found out, whatever its client says. Then another one is opened.
 */
export class EndLine {
  /** Goes up each time something may have been missed: what was seen in an earlier one is to be asked for. */
  round = 0;
  /** A beat of this round has been heard. */
  isOpen = false;
  /** When the last beat was sent that was heard: everything that the store did before has been told. */
  heardAt = 0;
  /** The last round that was open before this one, and when its last beat was sent that was heard. */
  before = { round: -1, heardAt: 0 };
  readonly #engine: Engine;
  readonly #whoever: Whoever;
  #state: "off" | "none" | "wanted" | "opening" | "up" = "off";
  #since = 0;
  #wait = AGAIN.first;
  #beatAt = 0;
  #channel: EndChannel | undefined;

  constructor(engine: Engine, whoever: Whoever) {
    this.#engine = engine;
    this.#whoever = whoever;
  }

  /** Notices may be lost though beats are heard. */
  get mayMiss(): boolean {
    return this.#channel?.mayMiss === true;
  }

  open(): void {
    if (this.#state !== "off") return;
    this.#state = "wanted";
    this.#since = -AGAIN.most;
    this.#wait = AGAIN.first;
    this.tick(this.#whoever.now());
  }

  close(): void {
    this.#drop();
    if (this.#state !== "none") this.#state = "off";
  }

  /** To be called several times a second. */
  tick(now: number): void {
    const waited = now - this.#since;
    const isLate = this.#state === "opening" && waited > OPENING;
    const isSilent = this.#state === "up" && now - this.heardAt > SILENCE;
    if (isLate || isSilent) this.#lost(now);
    else if (this.#state === "wanted" && waited >= this.#wait) this.#open(now);
    else if (this.#state === "up" && now - this.#beatAt >= BEAT) this.#beat(now);
  }

  #open(now: number): void {
    this.#state = "opening";
    this.#since = now;
    const { round } = this;
    const listener: EndListener = {
      told: (notice) => {
        if (round === this.round) this.#whoever.told(notice);
      },
      heard: (text) => {
        if (round === this.round) this.#heard(text);
      },
      lost: () => {
        if (round === this.round) this.#lost(this.#whoever.now());
      },
    };
    const opened = (channel: EndChannel | undefined): void => {
      if (round !== this.round || this.#state !== "opening") shut(channel);
      else if (channel === undefined) this.#state = "none";
      else this.#use(channel);
    };
    const failed = (): void => {
      if (round === this.round) this.#lost(this.#whoever.now());
    };
    try {
      const channel = this.#engine.backend.listen?.(listener);
      if (channel instanceof Promise) channel.then(opened, failed);
      else opened(channel);
    } catch {
      failed();
    }
  }

  #use(channel: EndChannel): void {
    this.#channel = channel;
    this.#state = "up";
    this.heardAt = this.#whoever.now();
    this.#beat(this.heardAt);
  }

  #beat(now: number): void {
    this.#beatAt = now;
    try {
      const sent = this.#channel?.beat(String(now));
      // Silence says the same.
      if (sent instanceof Promise) sent.catch(() => {});
    } catch {}
  }

  #heard(text: string): void {
    const sentAt = Number(text);
    if (this.#state !== "up" || !(sentAt <= this.#whoever.now())) return;
    this.heardAt = Math.max(this.heardAt, sentAt);
    this.isOpen = true;
    this.#wait = AGAIN.first;
  }

  #lost(now: number): void {
    this.#drop();
    this.#state = "wanted";
    this.#since = now;
    this.#wait = Math.min(2 * this.#wait, AGAIN.most);
  }

  #drop(): void {
    if (this.isOpen && !this.mayMiss) this.before = { round: this.round, heardAt: this.heardAt };
    this.round++;
    this.isOpen = false;
    shut(this.#channel);
    this.#channel = undefined;
  }
}

function shut(channel: EndChannel | undefined): void {
  try {
    const closed = channel?.close();
    if (closed instanceof Promise) closed.catch(() => {});
  } catch {}
}
