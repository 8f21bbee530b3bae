import { type Html, html, type ListedSession } from "micropie";
import { ago, deviceName } from "../device.ts";
import { button, page } from "../recipes/page.ts";

/** How many devices a user may have. */
export const MOST = 3;

const SIGN_OUT = button("Sign out", "/logout");

export function signInPage(message = ""): Html {
  return page(
    "Sign in",
    html`<p role="alert">${message}</p>
      <form method="post" action="/login">
        <label>Name <input name="name" autocomplete="username" required></label>
        <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
        <button>Go on</button>
      </form>`,
    "This is a demonstration. Sign in as ann with the password “correct horse”, or as ben with “battery staple”.",
  );
}

export function codePage(name: string, back: string, message = ""): Html {
  return page(
    "Enter the code",
    html`<p>Second factor of <b>${name}</b></p>
      <p role="alert">${message}</p>
      <form method="post" action="/code?${new URLSearchParams({ back }).toString()}">
        <label>Code <input name="code" inputmode="numeric" autocomplete="one-time-code" size="8" required></label>
        <button>Confirm</button>
      </form>
      ${SIGN_OUT}`,
    "This is a demonstration: an authenticator app would show a code. Here it is always 123456.",
  );
}

export function accountPage(userId: string, devices: readonly ListedSession<object>[]): Html {
  return page(
    "Your account",
    html`<p>You are <b>${userId}</b>.</p>
      ${SIGN_OUT}
      </section>
      <section>
        <h2>Pay</h2>
        <p>A payment needs a code that is not older than a minute.</p>
        <form method="post" action="/pay"><button class="main">Pay €20</button></form>
      </section>
      <section>
        <h2>Your devices</h2>
        <p>${devices.length} of ${MOST} at most: one more sign-in ends the oldest.</p>
        <ul class="devices">${devices.map(deviceRow)}</ul>
        ${devices.length > 1 ? button("End all others", "/end_others") : ""}`,
    "Sign in in more browsers or private windows, and reload this page. Wait a minute, and pay.",
  );
}

function deviceRow({ handle, device, current, lastSeenAt }: ListedSession<object>): Html {
  const field = html`<input type="hidden" name="handle" value="${handle}">`;
  const kind = deviceName(device.userAgent);
  const about = [device.name && kind, device.address && `from ${device.address}`].filter(Boolean).join(", ");
  const place = about && html`${about}<br>`;
  return html`<li data-handle="${handle}" aria-current="${String(current)}">
    <div>
      <b>${device.name ?? kind}</b><br>
      <span class="quiet">${place}last seen ${ago(lastSeenAt)}</span>
    </div>
    ${current ? html`<mark>this device</mark>` : button("End this one", "/end", field)}
    <details>
      <summary>Rename</summary>
      <form method="post" action="/rename">
        ${field}
        <label>Name of this device <input name="name" value="${device.name ?? ""}" maxlength="60"></label>
        <button>Save</button>
      </form>
    </details>
  </li>`;
}

export function paidPage(userId: string): Html {
  return page("Paid", html`<p>Thank you, ${userId}.</p><p><a href="/">Your account</a></p> ${SIGN_OUT}`);
}
