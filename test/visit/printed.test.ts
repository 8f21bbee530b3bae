import { App, StateError } from "micropie";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { printError } from "../../src/visit/printed.ts";

const spy = vi.spyOn(console, "error");
const printed = (): unknown[] => spy.mock.calls.map(([first]) => first);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  spy.mockReset();
});
afterEach(() => {
  vi.advanceTimersByTime(20_000);
  vi.useRealTimers();
});

const late = (): StateError => new StateError("lock_timeout", "Other requests kept it.");

test("an error in a loop is printed once, and then one line with a count", () => {
  const first = late();
  printError(first);
  for (let n = 0; n < 2998; n++) printError(late());
  expect(printed()).toEqual([first]);
  vi.advanceTimersByTime(10_000);
  expect(printed()).toEqual([first, "micropie: 2998 more in 10 seconds: StateError lock_timeout"]);
  const again = late();
  printError(again);
  vi.advanceTimersByTime(20_000);
  expect(printed().slice(2)).toEqual([again]);
});

test("kinds are told apart, but no attacker makes more than a few, and none breaks a line", () => {
  printError(new Error("one"));
  printError(new Error("two"));
  printError("a text");
  expect(spy).toHaveBeenCalledTimes(3);
  for (let n = 0; n < 3000; n++) printError(new TypeError(`no user\n${n}`));
  expect(spy.mock.calls.length).toBeLessThanOrEqual(21);
  vi.advanceTimersByTime(10_000);
  const lines = printed().filter((line) => typeof line === "string");
  expect(lines).toContainEqual(expect.stringMatching(/^micropie: \d+ more in 10 seconds: other errors$/));
  expect(lines.join()).not.toContain("\n");
});

test("where timers do not come, the next error closes what is over", () => {
  const [first, third] = [late(), late()];
  printError(first);
  printError(late());
  vi.setSystemTime(Date.now() + 11_000);
  printError(third);
  expect(printed()).toEqual([first, expect.stringContaining("1 more"), third]);
});

test("one session's lock_timeout in a loop fills no log, on App", async () => {
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ["Date"] });
  const { promise, resolve } = Promise.withResolvers<void>();
  class Site extends App<{ n: number }> {
    async index(): Promise<string> {
      const { session } = this.request;
      session.n = 1;
      if (this.request.headers.get("cookie")?.includes("hold")) await promise;
      return "ok";
    }
  }
  const app = new Site({ lock: { wait: 0 }, exclusive: () => true });
  const ask = async (cookie?: string): Promise<string | null> => {
    const answer = await app.fetch(new Request("https://localhost/", { headers: cookie ? { cookie } : {} }));
    return answer.headers.get("set-cookie");
  };
  const cookie = (await ask())!.split(";")[0]!;
  const holding = ask(`${cookie}; hold=1`);
  for (let n = 0; n < 100; n++) await ask(cookie);
  expect(printed().filter((line) => line instanceof StateError)).toHaveLength(1);
  vi.setSystemTime(Date.now() + 11_000);
  printError("anything");
  resolve();
  await holding;
  expect(printed()).toContainEqual("micropie: 99 more in 10 seconds: StateError lock_timeout");
});
