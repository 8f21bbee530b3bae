/** The control: a Map of live objects, swept whole every ten seconds. */
import { randomBytes } from "node:crypto";

const SWEEP_SECONDS = 10;

export function hold(idleTimeout) {
  const sessions = new Map();
  const timer = setInterval(() => {
    const now = Date.now();
    for (const [id, { expires }] of sessions) if (expires <= now) sessions.delete(id);
  }, SWEEP_SECONDS * 1000);
  let last;
  return {
    create(data) {
      last = randomBytes(32).toString("base64url");
      sessions.set(last, { data, expires: Date.now() + idleTimeout * 1000 });
    },
    last() {
      const entry = sessions.get(last);
      return entry && entry.expires > Date.now() ? entry.data : undefined;
    },
    visit: () => sessions.get("unknown"),
    close: () => clearInterval(timer),
  };
}
