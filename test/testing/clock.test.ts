import { sleep } from "micropie/environment";
import { virtualEnvironment } from "micropie/testing";
import { describe, expect, test } from "vitest";

describe("a virtual environment", () => {
  test("stands still until it is advanced", () => {
    const { now, advance } = virtualEnvironment({ start: 1000 });
    expect(now()).toBe(1000);
    advance(2.5);
    expect(now()).toBe(1002.5);
    advance(-10);
    expect(now()).toBe(992.5);
  });

  test("runs each timer at its own time, in order, and those that timers set", () => {
    const environment = virtualEnvironment({ start: 0 });
    const seen: string[] = [];
    const note = (name: string) => () => void seen.push(`${name} at ${environment.now()}`);
    environment.timer(3, note("c"));
    environment.timer(1, () => {
      note("a")();
      environment.timer(1, note("b"));
    });
    environment.timer(1, note("a too"));
    environment.timer(6, note("d"));
    environment.advance(5);
    expect(seen).toEqual(["a at 1", "a too at 1", "b at 2", "c at 3"]);
    expect(environment.now()).toBe(5);
  });

  test("does not run a timer that was canceled", () => {
    const environment = virtualEnvironment();
    const seen: string[] = [];
    const cancel = environment.timer(2, () => seen.push("canceled"));
    environment.timer(1, cancel);
    environment.advance(10);
    cancel();
    expect(seen).toEqual([]);
  });

  test("moves from timer to timer while work waits for nothing else", async () => {
    const environment = virtualEnvironment({ start: 0 });
    const work = (async () => {
      for (let n = 0; n < 3; n++) {
        await sleep(environment, 100);
        await new Promise(setImmediate);
      }
      return environment.now();
    })();
    expect(await environment.run(work)).toBe(300);
    await expect(environment.run(Promise.reject(new RangeError("no")))).rejects.toThrow(RangeError);
  });

  test("does not move for timers that keep nobody waiting, but runs them on the way", async () => {
    const environment = virtualEnvironment({ start: 0 });
    let renewals = 0;
    const renew = (): void => {
      renewals++;
      environment.timer(10, renew, true);
    };
    environment.timer(10, renew, true);
    const turns = (async () => {
      for (let turn = 0; turn < 100; turn++) await new Promise(setImmediate);
    })();
    await environment.run(turns);
    expect([environment.now(), renewals]).toEqual([0, 0]);
    await environment.run(sleep(environment, 35));
    expect([environment.now(), renewals]).toEqual([35, 3]);
  });

  test("gives the same random numbers for the same seed", () => {
    const numbers = (seed: number) => {
      const { random } = virtualEnvironment({ seed });
      return Array.from({ length: 1000 }, random);
    };
    const first = numbers(7);
    expect(numbers(7)).toEqual(first);
    expect(numbers(8)).not.toEqual(first);
    expect(first.every((number) => number >= 0 && number < 1)).toBe(true);
    const mean = first.reduce((sum, number) => sum + number, 0) / first.length;
    expect(mean).toBeCloseTo(0.5, 1);
  });
});
