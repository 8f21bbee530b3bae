export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function range(values) {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** Measurements of one load, by server and round, and what compares two servers within each round. */
export class Figures {
  #rounds = new Map();

  constructor(measurements, load) {
    for (const { server, round, us, load: name } of measurements) {
      if (name !== load) continue;
      if (!this.#rounds.has(server)) this.#rounds.set(server, new Map());
      this.#rounds.get(server).set(round, us);
    }
  }

  has(server) {
    return this.#rounds.has(server);
  }

  /** Median, min and max of a server's µs. */
  of(server) {
    return range([...this.#rounds.get(server).values()]);
  }

  /** `combine(a, b)` of each round that has both; undefined if none has. */
  #pair(a, b, combine) {
    const values = [];
    for (const [round, us] of this.#rounds.get(a) ?? []) {
      const other = this.#rounds.get(b)?.get(round);
      if (other !== undefined) values.push(combine(us, other));
    }
    return values.length === 0 ? undefined : range(values);
  }

  ratio(a, b) {
    return this.#pair(a, b, (x, y) => x / y);
  }

  difference(a, b) {
    return this.#pair(a, b, (x, y) => x - y);
  }
}
