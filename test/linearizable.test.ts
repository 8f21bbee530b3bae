import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cpuSeconds } from "./_cpu.ts";
import { counter, linearize, type Model, type Operation } from "./_linearizable.ts";

type Increment = Operation<"increment", number>;

/** An increment that took from one time to another, and answered this; nothing: nobody knows. */
const increment = (invoked: number, completed?: number, result?: number): Increment => ({
  call: "increment",
  invoked,
  ...(completed === undefined ? {} : { outcome: { completed, result: result! } }),
});

describe("increments that one counter explains", () => {
  const histories: Record<string, Increment[]> = {
    "none at all": [],
    "one after the other": [increment(0, 1, 1), increment(2, 3, 2), increment(4, 5, 3)],
    "at the same time, in either order": [increment(0, 9, 2), increment(1, 8, 3), increment(2, 7, 1)],
    "touching each other in time": [increment(0, 5, 2), increment(5, 9, 1)],
    "an unknown one that happened": [increment(0, 1, 1), increment(2), increment(3, 4, 3)],
    "an unknown one that never happened": [increment(0, 1, 1), increment(2), increment(3, 4, 2)],
    "an unknown one that happened long after": [increment(0), increment(1, 2, 1), increment(3, 4, 3)],
    "two unknown ones, of which one happened": [increment(0), increment(0), increment(1, 2, 2)],
    "nothing but unknown ones": [increment(0), increment(1)],
  };
  test.each(Object.entries(histories))("%s", (_, history) => {
    expect(linearize(history, counter)).toBeDefined();
  });
});

describe("increments that no counter explains", () => {
  const histories: Record<string, Increment[]> = {
    "two wrote the same value: one is lost": [increment(0, 9, 1), increment(1, 8, 1)],
    "a value is left out": [increment(0, 1, 1), increment(2, 3, 3)],
    "the first was carried out twice": [increment(0, 1, 2)],
    "a later one wrote the earlier value": [increment(0, 1, 2), increment(2, 3, 1)],
    "an unknown one was carried out twice": [increment(0, 1, 1), increment(2), increment(3, 4, 4)],
    "an unknown one happened before it was asked for": [increment(0, 1, 2), increment(2)],
    "an unknown one does not give a value back": [increment(0, 1, 1), increment(2), increment(3, 4, 1)],
    "all was forgotten": [increment(0, 1, 1), increment(2, 3, 2), increment(4, 5, 1)],
    "a value from nowhere": [increment(0, 1, 0)],
  };
  test.each(Object.entries(histories))("%s", (_, history) => {
    expect(linearize(history, counter)).toBeUndefined();
  });
});

/** A register that can also be incremented, whose operations do not all do the same. */
type Call = "read" | "increment" | { readonly write: number };
const register: Model<number, Call, number | null> = {
  initial: 0,
  apply(state, call) {
    if (call === "read") return { state, result: state };
    if (call === "increment") return { state: state + 1, result: state + 1 };
    return { state: call.write, result: null };
  },
};
type Each = Operation<Call, number | null>;

describe("a register", () => {
  const read = (invoked: number, completed: number, result: number): Each => ({
    call: "read",
    invoked,
    outcome: { completed, result },
  });
  const write = (value: number, invoked: number, completed?: number): Each => ({
    call: { write: value },
    invoked,
    ...(completed === undefined ? {} : { outcome: { completed, result: null } }),
  });

  test("a write of unknown outcome may be seen late, and not be seen again after another", () => {
    expect(linearize([write(7, 0), read(1, 2, 0), read(3, 4, 7)], register)).toBeDefined();
    expect(linearize([write(7, 0), read(1, 2, 7), read(3, 4, 0)], register)).toBeUndefined();
    expect(linearize([write(7, 0), read(1, 2, 7), write(8, 3, 4), read(5, 6, 7)], register)).toBeUndefined();
  });

  test("a read is not older than what was written before it", () => {
    expect(linearize([write(1, 0, 1), read(2, 3, 0)], register)).toBeUndefined();
    expect(linearize([write(1, 0, 3), read(2, 4, 0)], register)).toBeDefined();
    expect(linearize([write(1, 0, 9), read(1, 2, 1), read(3, 4, 0)], register)).toBeUndefined();
  });
});

/** Carries calls out on one copy, each at a moment of its own, and tells what those who asked have seen. */
const simulated = fc
  .array(
    fc.record({
      call: fc.oneof(
        fc.constantFrom<Call>("read", "increment"),
        fc.record({ write: fc.integer({ min: 0, max: 3 }) }),
      ),
      moment: fc.integer({ min: 0, max: 60 }),
      before: fc.integer({ min: 0, max: 12 }),
      after: fc.integer({ min: 0, max: 12 }),
      fate: fc.constantFrom("answered", "answered", "answered", "answered", "unheard", "undone"),
    }),
    { maxLength: 40 },
  )
  .map((asked) => {
    let state = register.initial;
    return asked
      .toSorted((a, b) => a.moment - b.moment)
      .map(({ call, moment, before, after, fate }): Each => {
        const operation = { call, invoked: moment - before };
        if (fate === "undone") return operation;
        const { result, state: next } = register.apply(state, call);
        state = next;
        return fate === "unheard"
          ? operation
          : { ...operation, outcome: { completed: moment + after, result } };
      });
  });

/** Whether this order gives these answers, leaves out nothing that was answered, and turns no two around in time. */
function explains(order: readonly Each[], history: readonly Each[]): boolean {
  let state = register.initial;
  for (const { call, outcome } of order) {
    const next = register.apply(state, call);
    if (outcome !== undefined && outcome.result !== next.result) return false;
    state = next.state;
  }
  return (
    new Set(order).size === order.length &&
    history.every((each) => each.outcome === undefined || order.includes(each)) &&
    order.every((later, index) =>
      order.slice(0, index).every((earlier) => !(later.outcome && later.outcome.completed < earlier.invoked)),
    )
  );
}

/** The same question, answered by trying all orders of all that can have happened. */
function someOrderExplains(history: readonly Each[], order: readonly Each[] = []): boolean {
  if (explains(order, history)) return true;
  return history.some((each) => !order.includes(each) && someOrderExplains(history, [...order, each]));
}

describe("any history", () => {
  test("of one copy is explained, by an order that is right", () => {
    fc.assert(
      fc.property(simulated, (history) => {
        const order = linearize(history, register);
        expect(order && explains(order, history)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("is explained just if some order explains it, of all that there are", () => {
    let explained = 0;
    const time = fc.integer({ min: 0, max: 8 });
    const any = fc
      .record({
        call: fc.constantFrom<Call>("read", "increment", "increment", { write: 1 }),
        times: fc.tuple(time, time),
        result: fc.integer({ min: 0, max: 3 }),
        isKnown: fc.constantFrom(true, true, false),
      })
      .map(({ call, times, result, isKnown }): Each => {
        const invoked = Math.min(...times);
        if (!isKnown) return { call, invoked };
        const answer = typeof call === "object" ? null : result;
        return { call, invoked, outcome: { completed: Math.max(...times), result: answer } };
      });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 5 }), (history) => {
        const order = linearize(history, register);
        expect(order !== undefined).toBe(someOrderExplains(history));
        if (order !== undefined) explained++;
      }),
      { numRuns: 3000 },
    );
    expect(explained).toBeGreaterThan(300);
    expect(explained).toBeLessThan(2700);
  });

  const increments = simulated
    .map((history) =>
      history.flatMap(({ invoked, outcome }) => (outcome ? [{ invoked, completed: outcome.completed }] : [])),
    )
    .filter((times) => times.length > 0)
    .map((times) => {
      // Any one moment in each; the order of the moments is the order of the values.
      const moments = times.map(({ invoked, completed }) => (invoked + completed) / 2);
      const rank = moments.map((_, index) => index).toSorted((a, b) => moments[a]! - moments[b]!);
      return times.map(({ invoked, completed }, index) =>
        increment(invoked, completed, rank.indexOf(index) + 1),
      );
    });

  test("of increments that were all answered is refused as soon as one answer is another", () => {
    fc.assert(
      fc.property(increments, fc.nat(), fc.integer({ min: 1, max: 50 }), (history, which, by) => {
        expect(linearize(history, counter)).toBeDefined();
        const wrong = history.with(which % history.length, {
          ...history[which % history.length]!,
          outcome: {
            ...history[which % history.length]!.outcome!,
            result: history[which % history.length]!.outcome!.result + by,
          },
        });
        expect(linearize(wrong, counter)).toBeUndefined();
      }),
    );
  });
});

describe("in a moment", () => {
  const within = async (seconds: number, check: () => void) => {
    expect(await cpuSeconds(check)).toBeLessThan(seconds);
  };

  test("thousands of increments from four processes, some of unknown outcome", async () => {
    let value = 0;
    const history: Increment[] = [];
    for (let round = 0; round < 1000; round++) {
      for (const [process, after] of [3, 1, 4, 2].entries()) {
        const invoked = round * 10 + process;
        const isKnown = round % 20 !== process;
        history.push(isKnown ? increment(invoked, round * 10 + 9, value + after) : increment(invoked));
      }
      value += 4;
    }
    await within(10, () => expect(linearize(history, counter)?.length).toBe(4000));
    const last = history.at(-1)!;
    const stale = history.with(-1, { ...last, outcome: { ...last.outcome!, result: 17 } });
    await within(10, () => expect(linearize(stale, counter)).toBeUndefined());
  });

  test("what has more orders than could be tried", async () => {
    const at = (invoked: number, call: Call, result: number | null): Each => ({
      call,
      invoked,
      outcome: { completed: invoked + 9, result },
    });
    const reads = Array.from({ length: 14 }, () => at(0, "read", 0));
    const unknown = Array.from({ length: 60 }, (): Each => ({ call: "increment", invoked: 0 }));
    await within(10, () => expect(linearize([...reads, at(10, "read", -1)], register)).toBeUndefined());
    await within(10, () => expect(linearize([...unknown, at(10, "read", -1)], register)).toBeUndefined());
  });
});
