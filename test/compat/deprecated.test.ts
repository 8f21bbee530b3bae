import { once } from "node:events";
import session from "micropie/compat/drop-in";
import { expect, test } from "vitest";
import { GatedStore } from "./_site.ts";

const own = /test[\\/]compat[\\/]deprecated\.test\.ts:\d+:\d+$/;

async function warnings(count: number, make: () => void): Promise<string[]> {
  const messages: string[] = [];
  const note = ({ name, message }: Error): void => {
    if (name === "DeprecationWarning") messages.push(message);
  };
  process.on("warning", note);
  make();
  while (messages.length < count) await once(process, "warning");
  process.off("warning", note);
  return messages;
}

test("a deprecated option is said once for each place that has it, with its file and line", async () => {
  const store = new GatedStore();
  const here = (): unknown => session({ secret: "cat", store, resave: false });
  const there = (): unknown => session({ store, saveUninitialized: false } as never);
  const said = await warnings(4, () => {
    here();
    here();
    there();
    session({ store, secret: "cat", resave: false });
  });
  expect(said.map((text) => text.replace(/ at .*/, ""))).toEqual([
    "micropie/compat/drop-in: undefined saveUninitialized option; provide saveUninitialized option",
    "micropie/compat/drop-in: req.secret; provide secret option",
    "micropie/compat/drop-in: undefined resave option; provide resave option",
    "micropie/compat/drop-in: undefined saveUninitialized option; provide saveUninitialized option",
  ]);
  for (const text of said) expect(text).toMatch(own);
  expect(new Set(said).size).toBe(4);
});
