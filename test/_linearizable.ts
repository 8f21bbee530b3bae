/** Something that was asked of a store, as the one who asked saw it. Times are of any clock that all of them share. */
export interface Operation<Call, Result> {
  readonly call: Call;
  readonly invoked: number;
  /**
   * When the answer came, and what it was. Without it the outcome is unknown: it happened at any time since, or will, or
   * never does. An operation that is known not to have happened is none.
   */
  readonly outcome?: { readonly completed: number; readonly result: Result };
}

/** What a store of one copy does when it is asked one thing at a time. States, calls and results are JSON. */
export interface Model<State, Call, Result> {
  readonly initial: State;
  apply(state: State, call: Call): { readonly state: State; readonly result: Result };
}

/** A counter: an increment answers the value that it wrote. */
export const counter: Model<number, "increment", number> = {
  initial: 0,
  apply: (state) => ({ state: state + 1, result: state + 1 }),
};

/**
 * Looks for an order in which a store of one copy would have given just these answers, each operation between being
 * asked for and being answered. Answers that order, those of unknown outcome among them that explain it; undefined if there
 * is none.
 *
 * This is the search of Wing and Gong (1993, "Testing and verifying concurrent objects"), which does not go on twice
 * from the same state with the same operations behind it (Lowe 2017, "Testing for linearizability").
 */
export function linearize<State, Call, Result>(
  history: readonly Operation<Call, Result>[],
  model: Model<State, Call, Result>,
): readonly Operation<Call, Result>[] | undefined {
  type Step = { readonly operation: Operation<Call, Result>; readonly state: State };
  const byTime = history.toSorted((a, b) => a.invoked - b.invoked);
  const known = byTime.filter(({ outcome }) => outcome !== undefined);
  const unknown = byTime.filter(({ outcome }) => outcome === undefined);
  const order: Operation<Call, Result>[] = [];
  const done = new Set<Operation<Call, Result>>();
  const seen = new Set<string>();

  /** What can come next: all that was asked for before the first answer among those that are left. */
  const stepsFrom = (state: State, first: number): Step[] => {
    const steps: Step[] = [];
    let deadline = Number.POSITIVE_INFINITY;
    for (let index = first; index < known.length && known[index]!.invoked <= deadline; index++) {
      const operation = known[index]!;
      if (done.has(operation)) continue;
      const { completed, result } = operation.outcome!;
      deadline = Math.min(deadline, completed);
      const next = model.apply(state, operation.call);
      if (same(next.result, result)) steps.push({ operation, state: next.state });
    }
    // Of those that do the same, the one asked for first will do: the others can take its place, later.
    const calls = new Set<string>();
    const guesses: Step[] = [];
    for (const operation of unknown) {
      const call = JSON.stringify(operation.call);
      if (operation.invoked > deadline || done.has(operation) || calls.has(call)) continue;
      calls.add(call);
      guesses.push({ operation, state: model.apply(state, operation.call).state });
    }
    // The last is tried first.
    return [...guesses, ...steps];
  };

  /** The state and what is done, of which the known operations before `first` need no telling. */
  const place = (state: State, first: number): string => {
    const guessed = unknown.flatMap((operation, index) => (done.has(operation) ? [index] : []));
    const ahead: number[] = [];
    for (let index = first + 1; first + ahead.length + guessed.length < order.length; index++) {
      if (done.has(known[index]!)) ahead.push(index);
    }
    return JSON.stringify([state, first, ahead, guessed]);
  };

  const path = [{ first: 0, steps: stepsFrom(model.initial, 0) }];
  while (path.at(-1)!.first < known.length) {
    const { first, steps } = path.at(-1)!;
    const step = steps.pop();
    if (step !== undefined) {
      order.push(step.operation);
      done.add(step.operation);
      let next = first;
      while (next < known.length && done.has(known[next]!)) next++;
      const here = place(step.state, next);
      const isNew = !seen.has(here);
      seen.add(here);
      path.push({ first: next, steps: isNew ? stepsFrom(step.state, next) : [] });
    } else {
      path.pop();
      const undone = order.pop();
      if (undone === undefined) return undefined;
      done.delete(undone);
    }
  }
  return order;
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
