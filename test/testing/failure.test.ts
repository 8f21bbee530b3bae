import assert from "node:assert/strict";
import { retold } from "micropie/testing/failure";
import { Transcript } from "micropie/testing/transcript";
import { expect, test } from "vitest";

/** What a failure of this case says, line by line. */
async function lines(transcript: Transcript, fail: () => unknown): Promise<string[]> {
  const work = (async () => void (await fail()))();
  const told = retold(work, { promise: "C7", name: "a case" }, transcript, (names) => `See ${names.join()}`);
  const error = await told.then(
    () => undefined,
    (error: Error) => error,
  );
  return error?.message.split("\n") ?? [];
}

test("a call that was never answered is named", async () => {
  const transcript = new Transcript();
  void transcript.note("lock", ["a", 10], () => new Promise(() => {}));
  const said = await lines(transcript, () => Promise.reject(new Error("late")));
  expect(said[0]).toBe("lock('a', 10) should return, and has not.");
  expect(said).toContain("  lock('a', 10) has no answer yet");
});

test("an error that no call threw is told as that of the case", async () => {
  const said = await lines(new Transcript(), () => JSON.parse("{"));
  expect(said[0]).toMatch(/^The case should end without an error, and threw SyntaxError: /);
});

test("the message of an assertion is its subject, that of an `ok` the whole sentence", async () => {
  const of = async (fail: () => unknown) => (await lines(new Transcript(), fail))[0];
  expect(await of(() => assert.equal(1, 2, "the version"))).toBe("The version should be 2, and is 1.");
  expect(await of(() => assert.match("x", /y/, "the header"))).toBe(
    "The header should match /y/, and is 'x'.",
  );
  expect(await of(() => assert.notEqual(1, 1, "the cookie"))).toBe("The cookie should not be 1, and is 1.");
  expect(await of(() => assert.ok(false, "lock should return a number"))).toBe(
    "lock should return a number.",
  );
});

test("what a call returned is judged as its answer, without functions and what is undefined", async () => {
  const transcript = new Transcript();
  await transcript.note(
    "patch",
    ["a", { ifEpoch: 1, head: undefined, changes() {} }, undefined],
    async () => "ok",
  );
  const said = await lines(transcript, () => assert.equal("ok", "stale"));
  expect(said[0]).toBe("patch('a', { ifEpoch: 1 }) should return 'stale', and returned 'ok'.");
});

test("of many calls the last eight are told, of a long answer the beginning", async () => {
  const transcript = new Transcript();
  for (let n = 0; n < 20; n++)
    transcript.note("listByUser", [`user ${n}`], () => Array(9).fill("x".repeat(100)));
  const said = await lines(transcript, () => assert.equal(1, 2, "the version"));
  const calls = said.filter((line) => line.startsWith("  "));
  const users = calls.map((line) => Number(/user (\d+)/.exec(line)?.[1]));
  expect(users).toEqual([12, 13, 14, 15, 16, 17, 18, 19]);
  for (const line of calls) expect(line.length).toBeLessThan(400);
});

test("a case that passes says nothing", async () => {
  expect(await lines(new Transcript(), () => {})).toEqual([]);
});
