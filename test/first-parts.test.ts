import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Clone, openClone } from "./_clone.ts";
import { root } from "./_command.ts";
import { exampleVisitor } from "./_example-visitor.ts";
import { FIRST_PARTS } from "./_first-parts.ts";
import { install } from "./_install.ts";
import { firstPartOf, PageProject } from "./_page-project.ts";

let clone: Clone;
beforeAll(() => {
  clone = openClone();
});
afterAll(() => clone.remove());

describe.each(Object.entries(FIRST_PARTS))(
  "by following the page of %s alone,",
  (name, { page, example }) => {
    const { steps, lines } = firstPartOf(page);

    test("one writes less than 40 lines, without a cast and with no type argument but that of the data", () => {
      expect(lines.length).toBeGreaterThan(20);
      expect(lines.length).toBeLessThan(40);
      const code = lines.filter((line) => !line.startsWith("import ")).join("\n");
      expect(code).toMatch(/interface Register \{\s+session: /);
      // A tag of JSX or HTML has no bracket after it.
      expect(code.replace(/createSessions<\{ name: string \}>\(/, "createSessions(")).not.toMatch(
        /\bas [a-z]|\bany\b|\w!\.|\w<[^>]*>\(|@ts-/i,
      );
    });

    test("one has a login that compiles, and a guard that lets nobody else in", async () => {
      const sources = [...clone.sources];
      if (example !== undefined) {
        const own = join(root, "examples", example, "node_modules");
        await install(new URL(`../examples/${example}/`, import.meta.url), () => existsSync(own));
        sources.unshift(own);
      }
      const project = new PageProject(join(clone.beside, name), sources);
      const commands = steps.flatMap((step) => ("command" in step ? [step.command] : []));
      expect(commands).toContain("npx tsc --noEmit");
      const serving = steps.at(-1)!;
      if (!("command" in serving)) throw new Error("The last block has to start the server.");
      for (const step of steps.slice(0, -1)) {
        if ("file" in step) project.write(step.file, step.code);
        else await project.run(step.command);
      }
      const { url, server } = await project.start(serving.command);
      try {
        await signInAndOut(url);
      } catch (error) {
        throw new Error(`The server printed:\n${server.all}`, { cause: error });
      } finally {
        await server.stop();
      }
    });
  },
);

/** A browser without JavaScript, at any of the servers. */
async function signInAndOut(url: string): Promise<void> {
  const { get, jar } = exampleVisitor(url);
  const isRefused = async () => {
    const answer = await get("/account");
    expect(answer.status).toBeGreaterThanOrEqual(302);
    expect(new URL(answer.headers.get("location")!, url).pathname).toBe("/");
    return await answer.text();
  };
  await isRefused();
  expect(jar.size).toBe(0);

  await submit(url, jar, "/", { name: "ann" });
  const token = jar.get("session_id")!;
  expect(token).toBeDefined();
  const account = await get("/account");
  expect(account.status).toBe(200);
  expect(await account.text()).toContain("ann");

  await submit(url, jar, "/account", {});
  expect(jar.size).toBe(0);
  await isRefused();
  jar.set("session_id", token);
  await isRefused();
}

/** Sends the form of a page as a browser does. */
async function submit(
  url: string,
  jar: Map<string, string>,
  path: string,
  fields: Record<string, string>,
): Promise<void> {
  const { get } = exampleVisitor(url, jar);
  const [, attributes = "", inside = ""] = /<form([^>]*)>([\s\S]*?)<\/form>/.exec(
    await (await get(path)).text(),
  )!;
  const attribute = (text: string, name: string) => new RegExp(`\\b${name}="([^"]*)"`, "i").exec(text)?.[1];
  const hidden = Array.from(
    inside.matchAll(/<input[^>]*type="hidden"[^>]*>/g),
    ([input]): [string, string] => [attribute(input, "name")!, attribute(input, "value") ?? ""],
  );
  const all = { ...Object.fromEntries(hidden), ...fields };
  const multipart = new FormData();
  for (const [name, value] of Object.entries(all)) multipart.append(name, value);
  const body = attribute(attributes, "enctype") === "multipart/form-data" ? multipart : all;
  expect(attribute(attributes, "method")?.toLowerCase()).toBe("post");
  const { post } = exampleVisitor(url, jar);
  const answer = await post(attribute(attributes, "action") || path, body);
  expect(answer.status).toBeGreaterThanOrEqual(302);
}
