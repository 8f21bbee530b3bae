import { describe, expect, test } from "vitest";
import { onWorkerd } from "../servers/miniflare.ts";
import { partOf, TIMEOUT } from "./_schedules.ts";
import { counterexamples, WITHOUT_OLD_IDS } from "./_suite.ts";

/** How many are played by one request. */
const AT_ONCE = 50;

const main = new URL("_worker.ts", import.meta.url);
const options = { main, d1Databases: ["DB"], durableObjects: { SESSIONS: "Sessions" } };

// The processes run in workerd too, where the binding is at home.
await onWorkerd(options, ({ ask }) => {
  describe.each([
    ["D1", "d1"],
    ["Durable Objects", "objects"],
  ])("%s", (_, path) => {
    const play = (lines: readonly string[]) => ask(path, { method: "POST", body: lines.join("\n") });
    const lines = partOf(WITHOUT_OLD_IDS).map(({ text }) => text);

    test(`each step of ${lines.length} schedules is the model's`, { timeout: TIMEOUT }, async () => {
      for (let from = 0; from < lines.length; from += AT_ONCE)
        expect(await (await play(lines.slice(from, from + AT_ONCE))).text()).toBe("");
    });

    test("no schedule leads to what a condition prevents", async () => {
      const followed: string[] = [];
      for (const { define, schedule } of counterexamples()) {
        const came = await play([schedule.text]);
        if (came.status === 204) followed.push(define);
        else expect(await came.text()).toMatch(/^step \d+, /);
      }
      expect(followed).toEqual([]);
    });
  });
});
