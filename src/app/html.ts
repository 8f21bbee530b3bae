const ESCAPES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * HTML that is sent as it is; an answer of it is `text/html`. The `html` tag makes it. `new Html(text)` vouches for a
 * text of yours, in which nothing is escaped: never give it what a user wrote.
 */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/**
 * HTML from a template: every value put in is escaped, in text and in quoted attributes.
 *
 * Nested `html` goes in as it is, arrays item by item, and null, undefined and booleans as nothing, so that
 * `${isAdmin && html`<b>admin</b>`}` works. Escaping cannot make a value safe inside `<script>`, `<style>`, an
 * attribute without quotes, an `on…` attribute, or as a whole `href`.
 */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): Html {
  let text = strings[0] ?? "";
  for (let i = 0; i < values.length; i++) text += render(values[i]) + strings[i + 1];
  return new Html(text);
}

function render(value: unknown): string {
  if (value === null || value === undefined || typeof value === "boolean") return "";
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map(render).join("");
  return String(value).replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}
