import { randomBytes } from "node:crypto";
import type { EndChannel, EndListener } from "../../record/contract.ts";
import { noticeIn } from "../_notice.ts";
import type { Listen } from "./ears.ts";

/** Opens channels by which the statements on one table tell of ends. */
export class Channels {
  readonly #listen: Listen | undefined;
  readonly #shared: string;
  /** Beats come on a channel of their own, so that nobody hears those of other processes. */
  readonly #own = `micropie_beat_${randomBytes(9).toString("hex")}`;

  constructor(listen: Listen | undefined, shared: string) {
    this.#listen = listen;
    this.#shared = shared;
  }

  /** `notify` sends a text on a channel, by another connection. */
  async open(
    listener: EndListener,
    notify: (channel: string, text: string) => Promise<void>,
  ): Promise<EndChannel | undefined> {
    let isOpen = true;
    const close = await this.#listen?.([this.#shared, this.#own], {
      message: (channel, text) => {
        if (!isOpen) return;
        if (channel === this.#own) listener.heard(text);
        const notice = channel === this.#shared ? noticeIn(text) : undefined;
        if (notice !== undefined) listener.told(notice);
      },
      lost() {
        if (isOpen) listener.lost();
      },
    });
    if (close === undefined) return undefined;
    return {
      beat: (text) => notify(this.#own, text),
      close() {
        isOpen = false;
        close();
      },
    };
  }
}
