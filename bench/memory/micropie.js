/** micropie's engine on `InMemorySessionBackend`. */
import { createSessions, InMemorySessionBackend } from "micropie";

export function hold(idleTimeout) {
  const backend = new InMemorySessionBackend();
  const sessions = createSessions({ backend, timeouts: { idle: idleTimeout } });
  let cookie;
  return {
    async create(data) {
      const session = await sessions.load(undefined);
      Object.assign(session, data);
      const line = await sessions.commit(session);
      cookie = line.slice(0, line.indexOf(";"));
    },
    /** The last session made: its data, or undefined when it has ended. */
    async last() {
      const session = await sessions.load(cookie);
      const { userId, visits, csrf } = session;
      await sessions.commit(session);
      return userId === undefined ? undefined : { userId, visits, csrf };
    },
    /** What a visitor with a cookie of long ago causes. */
    async visit() {
      await sessions.commit(await sessions.load(`${cookie.slice(0, -4)}AAAA`));
    },
    size: () => backend.size,
    close: () => sessions.close(),
  };
}
