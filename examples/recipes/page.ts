import { type Html, html } from "micropie";

/** Returns the page of a recipe. */
export function page(title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8">
      <title>${title}</title>
      <h1>${title}</h1>
      ${body}
    </html>`;
}

/** Returns the sign-in page. `more` goes into its form. */
export function signInPage(message = "", more: Html = html``): Html {
  return page(
    "Sign in",
    html`<p role="alert">${message}</p>
      <form method="post" action="/login">
        <input name="name" aria-label="Name" autocomplete="username" required>
        <input name="password" aria-label="Password" type="password" autocomplete="current-password" required>
        ${more}
        <button>Sign in</button>
      </form>`,
  );
}

/** A button that posts to `action`. */
export function button(label: string, action: string, fields: Html = html``): Html {
  return html`<form method="post" action="${action}">${fields}<button>${label}</button></form>`;
}
