import { Html, html, type ListedSession } from "micropie";
import { ago, deviceName } from "../device.ts";
import { STYLE } from "../style.ts";

/** Returns the page of a recipe. `hint` says what to try. */
export function page(title: string, body: Html, hint = ""): Html {
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <title>${title}</title>
      <style>${new Html(STYLE)}</style>
      <header><h1>${title}</h1>${hint && html`<p>${hint}</p>`}</header>
      <main><section>${body}</section></main>
    </html>`;
}

/** Returns the sign-in page. `more` goes into its form, before the button. */
export function signInPage(message = "", more: Html = html``): Html {
  return page(
    "Sign in",
    html`<p role="alert">${message}</p>
      <form method="post" action="/login">
        <label>Name <input name="name" autocomplete="username" required></label>
        <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
        ${more}
        <button>Sign in</button>
      </form>`,
    "Sign in as ann with the password “correct horse”, or as ben with “battery staple”.",
  );
}

/** A button that posts to `action`. */
export function button(label: string, action: string, fields: Html = html``): Html {
  return html`<form method="post" action="${action}">${fields}<button>${label}</button></form>`;
}

/** Returns the list of a user's devices, each with a button that ends it. */
export function deviceList(devices: readonly ListedSession<object>[]): Html {
  const item = ({ handle, device, current, lastSeenAt }: (typeof devices)[number]) => {
    const end = button("End this one", "/end", html`<input type="hidden" name="handle" value="${handle}">`);
    return html`<li data-handle="${handle}" aria-current="${String(current)}">
      <div><b>${device.name ?? deviceName(device.userAgent)}</b><br><span class="quiet">last seen ${ago(lastSeenAt)}</span></div>
      ${current ? html`<mark>this device</mark>` : end}
    </li>`;
  };
  return html`<ul class="devices">${devices.map(item)}</ul>`;
}
