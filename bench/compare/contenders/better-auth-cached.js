/** better-auth with sessions in PostgreSQL and its cookie cache of five minutes. */
import betterAuth, { start } from "./better-auth.js";

const at = (text) => ["better-auth", "dist/api/routes/session.mjs", text];

export default {
  ...betterAuth,
  name: "better-auth, cookie cache",
  about: {
    ...betterAuth.about,
    setUp: `${betterAuth.about.setUp} The cookie cache is on, for five minutes, as in its documentation.`,
    ahead: [
      "A request that only reads costs no call of the database, and is answered in an outage.",
      ...betterAuth.about.ahead,
    ],
  },
  why: [
    {
      rows: ["logout and save", "ended elsewhere", "made-up id", "stale read"],
      says: "For up to five minutes, the session is what the second cookie says, and the database is not asked. A call with `disableCookieCache` asks it.",
      at: at("if (cookieRefreshCache === false) {"),
    },
    {
      rows: ["read fails", "unchanged"],
      says: "The session comes from the second cookie.",
      at: at("if (sessionDataPayload?.session) {"),
    },
    {
      rows: ["stream"],
      says: "The row is updated. With the cookies that the browser has, it is seen when the cache has expired.",
      at: [
        "better-auth",
        "dist/db/internal-adapter.mjs",
        "updateSession: async (sessionToken, session) => {",
      ],
    },
    ...betterAuth.why,
  ],
  uncached: (client) => client.without(/session_data/),
  start: start(true),
};
