import { type Html, html } from "../app/html.ts";
import type { ListedSession } from "../core/listed.ts";
import type { Desk } from "./desk.ts";
import { shown } from "./words.ts";

/** Characters of data that are shown. */
const LONGEST = 10_000;

/** Returns the data of a session as far as the option `data` lets operators see it; undefined if it lets them see none. */
export function dataOf({ data: rule }: Desk, session: ListedSession): Html | undefined {
  if (rule === undefined) return undefined;
  const all = session.data as Readonly<Record<string, unknown>>;
  if (typeof rule === "function") return section(textOf(rule(all as never, session)), []);
  const [open, hidden] = [rule.filter((key) => Object.hasOwn(all, key)), Object.keys(all)];
  return section(
    textOf(Object.fromEntries(open.map((key) => [key, all[key]]))),
    hidden.filter((key) => !rule.includes(key)),
  );
}

function section(text: string, hidden: readonly string[]): Html {
  return html`<section>
<h2>Data</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Data"><pre>${shown(text, LONGEST)}</pre></div>
${hidden.length === 0 ? "" : html`<p class="quiet">Not shown: ${shown(hidden.join(", "), 500)}</p>`}
</section>`;
}

function textOf(value: unknown): string {
  try {
    return JSON.stringify(value, readable, 2) ?? "nothing";
  } catch {
    return "It cannot be shown as JSON.";
  }
}

function readable(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Map) return { Map: [...value] };
  if (value instanceof Set) return { Set: [...value] };
  return value;
}
