/** Returns the page of every example: a counter and the signed-in user. `more` is HTML, inserted before the closing tag. */
export function page(visits: number, user: string | undefined, more = ""): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Sessions</title>
<style>
  body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 36rem; margin: 3rem auto; padding: 0 1rem }
  form { display: inline }
</style>
<h1>You have counted to <output>${visits}</output></h1>
<form method="post" action="/count"><button>Count</button></form>
<p>${user === undefined ? "Nobody is signed in." : `You are <b>${safe(user)}</b>.`}</p>
${user === undefined ? SIGN_IN : SIGNED_IN}
<p><a href="/stream">A stream</a></p>
${more}</html>
`;
}

const SIGN_IN = `<form method="post" action="/login">
  <input name="name" aria-label="Name" placeholder="Your name" required> <button>Sign in</button>
</form>`;

const SIGNED_IN = `<form method="post" action="/logout"><button>Log out</button></form>
<form method="post" action="/logout-everywhere"><button>Log out everywhere</button></form>
<p><a href="/devices">Your devices</a></p>`;

function safe(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** Prints the address of an example and what to try. */
export function tryThis(name: string, url: string, steps: readonly string[] = STEPS): void {
  const list = steps.map((step, index) => `  ${index + 1}. ${step}`).join("\n");
  console.log(`${name} listens on ${url}\n\nTry this\n${list}\n\nPress Ctrl+C to stop.`);
}

const STEPS = [
  "Open it and count. Reload: the count is still there.",
  "Sign in with any name, here and in a second browser; look at /devices in both.",
  "Log out everywhere in one: the other is signed out too.",
  "Open /stream: a change at its end is saved, long after the headers were sent.",
];
