import { ago } from "./device.ts";
import { STYLE } from "./style.ts";

/** What the first page shows of a session. */
export interface Visit {
  readonly visits?: number | undefined;
  readonly name?: string | undefined;
  readonly streamed?: number | undefined;
}

/** What the page of devices shows of each session that `sessions.list` tells about. */
export interface Device {
  readonly handle: string;
  readonly current: boolean;
  readonly lastSeenAt: number;
  readonly data: { readonly device?: string | undefined };
}

/** Returns the first page of every example: what to try, a counter, and the signed-in user. */
export function page({ visits = 0, name, streamed = 0 }: Visit): string {
  return frame(
    "Try a session",
    steps(STEPS),
    `<section>
  <h2>You have counted to <output>${visits}</output></h2>
  <form method="post" action="/count"><button class="main">Count</button></form>
  <p class="quiet">${visits === 0 && name === undefined ? "No cookie is set until there is something to keep." : `Streams read to their end: ${streamed}. <a href="/stream">Open the stream</a>`}</p>
</section>
<section>
  ${name === undefined ? SIGN_IN : `<p>You are <b>${safe(name)}</b>. <a href="/devices">Your devices</a></p>\n  ${LOG_OUT}`}
</section>`,
  );
}

const SIGN_IN = `<p>Nobody is signed in.</p>
  <form method="post" action="/login">
    <label>Your name <input name="name" autocomplete="username" required></label>
    <button>Sign in</button>
  </form>`;

const LOG_OUT = `<div class="row">
    <form method="post" action="/logout"><button>Log out</button></form>
    <form method="post" action="/logout-everywhere"><button>Log out everywhere</button></form>
  </div>`;

/** Returns the page of a user's devices, with buttons that end one session or all others. */
export function devicesPage(devices: readonly Device[]): string {
  const others = `<form method="post" action="/end-others"><button>End all others</button></form>`;
  const list = `<ul class="devices">${devices.map(item).join("")}</ul>
  ${devices.length > 1 ? others : ""}`;
  return frame(
    "Your devices",
    `<p>${TRY_DEVICES}</p>`,
    `<section>
  ${devices.length > 0 ? list : "<p>Nobody is signed in.</p>"}
  <p><a href="/">Back</a></p>
</section>`,
  );
}

function item({ handle, current, lastSeenAt, data }: Device): string {
  const end = `<form method="post" action="/end">
      <input type="hidden" name="handle" value="${handle}"><button>End this one</button>
    </form>`;
  return `
  <li data-handle="${handle}"${current ? ` aria-current="true"` : ""}>
    <div><b>${safe(data.device ?? "An unknown device")}</b><br>
      <span class="quiet">last seen ${ago(lastSeenAt)}</span></div>
    ${current ? "<mark>this device</mark>" : end}
  </li>`;
}

/** Returns a whole page. All but the title is HTML. */
export function frame(title: string, intro: string, main: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${safe(title)}</title>
<style>${STYLE}</style>
<header>
<h1>${safe(title)}</h1>
${intro}
</header>
<main>
${main}
</main>
</html>
`;
}

export function steps(list: readonly string[]): string {
  return `<ol>${list.map((step) => `<li>${safe(step)}</li>`).join("")}</ol>`;
}

export function safe(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** Prints the address of an example and what to try. */
export function tryThis(name: string, url: string, list: readonly string[] = STEPS): void {
  const printed = ["Open it in a browser.", ...list].map((step, index) => `  ${index + 1}. ${step}`);
  console.log(`${name} listens on ${url}\n\nTry this\n${printed.join("\n")}\n\nPress Ctrl+C to stop.`);
}

export const STEPS: readonly string[] = [
  "Count, and reload the page: the count is still there.",
  "Sign in with any name, here and in a second browser or a private window. The count is kept, under a new id.",
  "Look at your devices, and end one of them from the other.",
  "Open the stream: a change at its end is saved, long after the headers were sent.",
];

export const TRY_DEVICES =
  "Sign in with the same name in a second browser or a private window, and reload this page.";
