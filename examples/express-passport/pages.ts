import { frame, safe, steps } from "../page.ts";

export const STEPS: readonly string[] = [
  "Put something into the cart.",
  "Sign in with any name and the password “correct horse”: the cart is kept, the id is a new one.",
  "Sign in “for two weeks” and look at the cookie in the developer tools: it outlives the browser now.",
  "Sign in in a second browser or a private window, and log out everywhere in the first.",
];

export function signIn(cart: readonly string[], message: string): string {
  const form = `<p role="alert">${safe(message)}</p>
<form method="post" action="/login">
  <label>Name <input name="username" autocomplete="username" required></label>
  <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
  <label><input name="remember" type="checkbox"> Stay signed in for two weeks</label>
  <button>Sign in</button>
</form>`;
  return frame("Sign in", steps(STEPS), `<section>${form}</section>${cartOf(cart)}`);
}

export function account(user: string, cart: readonly string[], devices: number): string {
  const buttons = `<p>Signed in on ${devices} ${devices === 1 ? "device" : "devices"}.</p>
<div class="row">
  <form method="post" action="/logout"><button>Log out</button></form>
  <form method="post" action="/logout-everywhere"><button>Log out everywhere</button></form>
</div>`;
  return frame(`You are ${user}`, steps(STEPS), `<section>${buttons}</section>${cartOf(cart)}`);
}

function cartOf(cart: readonly string[]): string {
  return `<section>
<h2>Your cart</h2>
<ul id="cart">${cart.map((item) => `<li>${safe(item)}</li>`).join("")}</ul>
<form method="post" action="/cart"><label>Item <input name="item" required></label><button>Add</button></form>
</section>`;
}
