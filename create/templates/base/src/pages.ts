import { type Html, html, type ListedSession } from "micropie";
import type { SessionData } from "./sessions.ts";

export function homePage(userId: string | undefined): Html {
  return page(
    "Welcome",
    userId === undefined
      ? html`<p>Nobody is signed in.</p><p><a href="/login">Sign in</a></p>`
      : html`<p>You are signed in as <b>${userId}</b>.</p>
          <p><a href="/devices">Your devices</a></p>
          <form method="post" action="/logout"><button>Sign out</button></form>`,
  );
}

/** `back` is where the sign-in leads to. */
export function signInPage(back: string, message = ""): Html {
  return page(
    "Sign in",
    html`<p role="alert">${message}</p>
      <form method="post" action="/login">
        <label>Name <input name="name" autocomplete="username" required></label>
        <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
        <input type="hidden" name="back" value="${back}">
        <button>Sign in</button>
      </form>`,
  );
}

export function devicesPage(devices: readonly ListedSession<SessionData>[]): Html {
  const item = ({ handle, data, current, signedInAt, lastSeenAt }: ListedSession<SessionData>) =>
    html`<li>
      <b>${data.device ?? "Unknown"}</b>${current ? " (this device)" : ""}<br>
      signed in ${time(signedInAt)}, last seen ${time(lastSeenAt)}<br>
      <button name="end" value="${handle}">${current ? "Sign out" : "End this one"}</button>
    </li>`;
  return page(
    "Your devices",
    html`<form method="post" action="/devices">
        <ul>${devices.map(item)}</ul>
        <button name="end" value="others">End all others</button>
      </form>
      <p><a href="/">Back</a></p>`,
  );
}

/** `seconds` since 1970. */
function time(seconds: number | undefined): Html {
  if (seconds === undefined) return html`never`;
  const date = new Date(seconds * 1000);
  return html`<time datetime="${date.toISOString()}">${date.toUTCString()}</time>`;
}

function page(title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <title>${title}</title>
      <style>
        :root { color-scheme: light dark; font: 1.1rem/1.5 system-ui, sans-serif }
        body { max-width: 36rem; margin: 3rem auto; padding: 0 1rem }
        label, li { display: block; margin: 0 0 1rem }
        ul { padding: 0 }
        input { display: block; font: inherit; width: 100%; box-sizing: border-box }
        button { font: inherit }
      </style>
      <h1>${title}</h1>
      ${body}
    </html>`;
}
