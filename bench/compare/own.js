/** What all of ours have in common. */
import { createSessions, InMemorySessionBackend, login, logout } from "micropie";
import { requireUser } from "micropie/guards";
import { signal } from "micropie/sockets/signal";

/** Our back-end in memory behind the gates of the comparison. */
export function backend(store) {
  const known = backends.get(store) ?? store.around(new InMemorySessionBackend());
  backends.set(store, known);
  return known;
}

/** Two applications of one store have one back-end. */
const backends = new WeakMap();

export function optionsOf({ second = false, perUser } = {}) {
  return {
    cookie: { secure: false, ...(second ? { name: "other" } : {}) },
    ...(perUser === undefined ? {} : { perUser }),
  };
}

export const ours = (store, settings) => createSessions({ backend: backend(store), ...optionsOf(settings) });

/** The session of a request in the shape that the application wants; it is looked up only when it is asked for. */
export function facade(request, sessions) {
  return {
    get: () => request.session,
    set(key, value) {
      request.session[key] = value;
    },
    login(user) {
      login(request.session, user);
      request.session.user = user;
    },
    logout: () => logout(request.session),
    endOthers: (user) => sessions.revoke({ userId: user, except: request.session }),
    guard: () => requireUser(request.session),
    signal: () => signal(request.session),
  };
}
