import type { Terminal } from "./terminal.ts";
import { lengthText, numberText } from "./words.ts";

/** Shorter work than this many milliseconds shows no bar. */
const PATIENCE = 500;

/** How far something long is, drawn on stderr if somebody sees that. */
export class Progress implements Disposable {
  readonly #draw: ((done: number) => void) | undefined;
  readonly #hide: (() => void) | undefined;
  #done = 0;

  /** `total` may be an estimate; undefined if nobody knows. */
  private constructor(draw?: (done: number) => void, hide?: () => void) {
    this.#draw = draw;
    this.#hide = hide;
  }

  /** Begins with nothing done. `what` is a word such as "Looking". */
  static async of(terminal: Terminal, what: string, total: number | undefined): Promise<Progress> {
    if (!terminal.isWatched) return new Progress();
    const { default: progress } = await import("cli-progress");
    const began = performance.now();
    const bar = new progress.SingleBar({
      format: total ? "{what} {bar} {percentage}% | {count} | {rate} a second | {left}" : "{what} {count}",
      barsize: Math.min(40, Math.max(6, terminal.columns - 66)),
      barCompleteChar: "█",
      barIncompleteChar: "░",
      clearOnComplete: true,
      linewrap: true,
    });
    let isDrawn = false;
    const hide = (): void => {
      if (isDrawn) bar.stop();
      isDrawn = false;
    };
    const draw = (done: number): void => {
      const seconds = (performance.now() - began) / 1000;
      if (!isDrawn && seconds * 1000 < PATIENCE) return;
      const most = Math.max(total ?? 0, done);
      const rate = done / seconds;
      const about = {
        what,
        count: total ? `${numberText(done)} of ${numberText(most)}` : numberText(done),
        rate: numberText(rate),
        left: rate > 0 ? `${lengthText(Math.ceil((most - done) / rate))} left` : "",
      };
      if (!isDrawn) bar.start(most, done, about);
      isDrawn = true;
      bar.setTotal(most);
      bar.update(done, about);
    };
    return new Progress(draw, hide);
  }

  add(count = 1): void {
    this.#done += count;
    this.#draw?.(this.#done);
  }

  /** Takes the bar away until the next step. */
  hide(): void {
    this.#hide?.();
  }

  [Symbol.dispose](): void {
    this.hide();
  }
}
