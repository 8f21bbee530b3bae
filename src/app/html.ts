const ESCAPES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * HTML, sent as `text/html` without further escaping. Use the `html` tag to create it. `new Html(text)` marks a string of yours
 * as HTML; never pass it text that a user wrote.
 *
 * @example
 * class Pages extends App {
 *   index() {
 *     return new Html("<!doctype html><title>Trusted text of your own</title>");
 *   }
 * }
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
 * Returns HTML from a template. Interpolated values are escaped for text and quoted attributes.
 *
 * Nested `html` is inserted unchanged, arrays item by item. null, undefined and booleans are left out, so
 * `${isAdmin && html`<b>admin</b>`}` works. Escaping cannot make a value safe inside `<script>`, `<style>`, an attribute
 * without quotes, an `on…` attribute, or as a whole `href`.
 *
 * @example
 * class Pages extends App {
 *   greet(name = "you") {
 *     return html`<!doctype html><title>Hello</title><p>Hello, ${name}!</p>`; // the name is escaped
 *   }
 * }
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
