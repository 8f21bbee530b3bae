/** Returns HTML from a template. Values that are not HTML are escaped. */
function safe(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

function whole(body: string, cart: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Sessions with Passport</title>
<style>body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 3rem auto; padding: 0 1rem }</style>
${body}
<h2>Your cart</h2>
<ul>${cart.map((item) => `<li>${safe(item)}</li>`).join("")}</ul>
<form method="post" action="/cart"><input name="item" aria-label="Item" required> <button>Add</button></form>
</html>
`;
}

export function signIn(cart: readonly string[], message: string): string {
  return whole(
    `<h1>Sign in</h1>
<p role="alert">${safe(message)}</p>
<p>Any name will do, with the password <kbd>correct horse</kbd>.</p>
<form method="post" action="/login">
  <input name="username" aria-label="Name" autocomplete="username" required>
  <input name="password" aria-label="Password" type="password" autocomplete="current-password" required>
  <label><input name="remember" type="checkbox"> for two weeks</label>
  <button>Sign in</button>
</form>`,
    cart,
  );
}

export function account(user: string, cart: readonly string[], devices: number): string {
  return whole(
    `<h1>You are <output>${safe(user)}</output></h1>
<p>Signed in on ${devices} ${devices === 1 ? "device" : "devices"}.</p>
<form method="post" action="/logout"><button>Log out</button></form>
<form method="post" action="/logout-everywhere"><button>Log out everywhere</button></form>`,
    cart,
  );
}
