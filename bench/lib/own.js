/** Sessions of micropie as the bench wants them from everybody: no Secure, a cookie of eight hours. */
import { MAX_AGE } from "./child.js";
import { library } from "./library.js";
import { backend } from "./store.js";

export async function ownSessions() {
  const { createSessions } = await library();
  return createSessions({
    backend: await backend(),
    cookie: { secure: false, persistent: true },
    timeouts: { idle: MAX_AGE },
  });
}
