import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly impact: string;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}

/** Returns what axe-core finds on a page that keeps somebody from using it: rule, what to do, and where. Leaves out `rules`. */
export async function barriersOn(page: Page, rules: readonly string[] = []): Promise<string[]> {
  await page.evaluate(axe);
  // What passes is not described, which takes most of the time on a long page.
  const { violations } = await page.evaluate<{ violations: Violation[] }>(
    'axe.run({ resultTypes: ["violations"] })',
  );
  return violations
    .filter(({ id, impact }) => /serious|critical/.test(impact) && !rules.includes(id))
    .map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
    );
}

/** How many pixels of a page are beside the screen. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
}
