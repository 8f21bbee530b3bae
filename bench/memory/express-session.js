/** express-session's `MemoryStore`, used the way the middleware uses it, without HTTP. */
import session from "express-session";

export function hold(idleTimeout) {
  const store = new session.MemoryStore();
  // Making the middleware gives the store its `generate`.
  session({
    store,
    secret: "a secret of the bench, of more than thirty-two characters",
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: "lax", secure: false, maxAge: idleTimeout * 1000 },
  });
  let id;
  const get = (sid) =>
    new Promise((resolve, reject) => {
      store.get(sid, (error, data) => (error ? reject(error) : resolve(data)));
    });
  return {
    create(data) {
      const req = { sessionStore: store };
      store.generate(req);
      id = req.sessionID;
      Object.assign(req.session, data);
      return new Promise((resolve, reject) => {
        req.session.save((error) => (error ? reject(error) : resolve()));
      });
    },
    async last() {
      const data = await get(id);
      if (!data) return undefined;
      return { userId: data.userId, visits: data.visits, csrf: data.csrf };
    },
    visit: () => get("unknown"),
    close() {},
  };
}
