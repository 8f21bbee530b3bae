interface Due {
  readonly at: number;
  readonly order: number;
  /** Undefined once it was canceled. */
  run: (() => void) | undefined;
}

/** So many events are more than any world needs. */
const MOST = 50_000;

/**
 * Virtual time, and the order in which everything happens in it. One event runs after the other; between two of them, all
 * promises that the first one has fulfilled have gone on.
 */
export class Schedule {
  /** Seconds since 1970. */
  now: number;
  readonly #heap: Due[] = [];
  #order = 0;

  constructor(start: number) {
    this.now = start;
  }

  /** Runs this after so many seconds; events of one moment in the order in which they were set. Returns how to cancel it. */
  after(seconds: number, run: () => void): () => void {
    const due: Due = { at: this.now + Math.max(0, seconds), order: this.#order++, run };
    this.#push(due);
    return () => {
      due.run = undefined;
    };
  }

  /**
   * Runs what is due, in its order, until `isOver`. Returns false if nothing is left to happen before, or so much that it has
   * no end.
   */
  run(isOver: () => boolean): Promise<boolean> {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    let left = MOST;
    const turn = (): void => {
      try {
        const due = isOver() ? undefined : this.#pop();
        if (due === undefined || left-- === 0) {
          resolve(isOver());
          return;
        }
        this.now = Math.max(this.now, due.at);
        due.run?.();
        afterPromises(turn);
      } catch (error) {
        reject(error);
      }
    };
    // What else runs in this process has its turn between two worlds.
    setImmediate(turn);
    return promise;
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = due;
  }

  /** Takes the first one that was not canceled. */
  #pop(): Due | undefined {
    for (;;) {
      const first = this.#takeFirst();
      if (first === undefined || first.run !== undefined) return first;
    }
  }

  #takeFirst(): Due | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

/** Runs `next` when all promises have gone on that are fulfilled, or are by then: Node runs ticks when no promise is left. */
function afterPromises(next: () => void): void {
  queueMicrotask(() => process.nextTick(next));
}

function isBefore(one: Due, other: Due): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
