/** What all of ours have in common. */
import { createSessions, InMemorySessionBackend, login, logout } from "micropie";

/** Our back-end in memory behind the gates of the comparison. */
export const backend = (store) => store.around(new InMemorySessionBackend());

export const ours = (store) => createSessions({ backend: backend(store), cookie: { secure: false } });

/** The session of a request in the shape that the application wants; it is looked up only when it is asked for. */
export function facade(request) {
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
  };
}
