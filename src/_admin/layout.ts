import { Html, html } from "../app/html.ts";
import { NAMES } from "./assets.ts";
import { address, type Question } from "./desk.ts";
import { moment, shown } from "./words.ts";

/** A page of the operator's. */
export interface Page {
  /** Default 200. */
  readonly status?: number;
  readonly title: string;
  readonly main: Html;
  /** Seconds after which the script asks for it again; undefined for never. */
  readonly every?: number;
}

/** Where an operator is sent. */
export interface Elsewhere {
  readonly to: string;
}

const PLACES = [
  ["", "Overview"],
  ["sessions", "Sessions"],
] as const;

/** Returns the whole document of a page. */
export function documentOf({ title, main, every }: Page, question: Question): Html {
  const { desk, operator } = question;
  const { realm, cookie } = desk.engine.options;
  const now = desk.engine.backend.now();
  const place = (path: string): string => address(desk, path);
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title} – Sessions</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${place(`assets/${NAMES.style}`)}">
${scriptAt(place(`assets/${NAMES.script}`))}
<body>
<header>
<a class="skip" href="#main">To the content</a>
<b>Sessions${realm === cookie.name ? "" : ` of ${shown(realm, 40)}`}</b>
<nav aria-label="Pages">${PLACES.map(
    ([path, name]) =>
      html`<a href="${place(path)}"${title === name ? html` aria-current="page"` : ""}>${name}</a>`,
  )}</nav>
<span class="quiet">${shown(operator, 60)}${desk.manage ? "" : ", read-only"}</span>
</header>
<main id="main" tabindex="-1">
<h1>${title}</h1>
${main}
</main>
<footer>
${
  every === undefined
    ? html`<p>As of ${moment(now)}.</p>`
    : html`<p id="as-of" data-every="${every}"><span data-live id="as-of-time">As of ${moment(now)}.</span> <a href="">Reload</a></p>`
}
</footer>
</body>
</html>
`;
}

/** A tag that ends a script would make the bundler put a helper of another package into each template that has it. */
function scriptAt(address: string): Html {
  return new Html(`<script src="${address}" defer></script>`);
}

/** Returns a page that says what is wrong. */
export function problem(status: number, title: string, text: string, more: Html | string = ""): Page {
  return { status, title, main: html`<p class="note failed" role="alert">${text}</p>${more}` };
}
