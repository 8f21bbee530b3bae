/** better-auth with sessions in PostgreSQL, without its cookie cache, in a function from Request to Response. */
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { Pool } from "pg";
import { webAnswer } from "../answers/web.js";
import { gatedPool, serverUrl } from "../real.js";
import { secretOf } from "../secrets.js";
import { listenOnWeb } from "../serve.js";

const PERSON = { email: "ann@example.com", password: "correct horse battery staple" };
const KEYS = ["a", "b", "late", "trap", "seen", "early"];

function authOn(database, { second = false }, cookieCache) {
  return betterAuth({
    database,
    secret: secretOf(second),
    baseURL: "http://localhost",
    emailAndPassword: { enabled: true, autoSignIn: false },
    session: {
      additionalFields: {
        ...Object.fromEntries(KEYS.map((key) => [key, { type: "string", required: false }])),
        date: { type: "date", required: false },
      },
      ...(cookieCache ? { cookieCache: { enabled: true, maxAge: 5 * 60 } } : {}),
    },
    ...(second ? { advanced: { cookiePrefix: "other" } } : {}),
    // Requests come from the comparison alone, and as fast as it can.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
  });
}

/** The session of a request; what it sets goes into `setCookies`, as its documents say for calls on the server. */
function facade(auth, { headers }, setCookies) {
  const call = async (endpoint, body) => {
    const { headers: given, response } = await endpoint({
      headers,
      ...(body === undefined ? {} : { body }),
      returnHeaders: true,
    });
    setCookies.push(...given.getSetCookie());
    return response;
  };
  return {
    async get() {
      const found = await call(auth.api.getSession);
      if (found === null) return {};
      const { session, user } = found;
      const data = [...KEYS, "date"].filter((key) => session[key] != null).map((key) => [key, session[key]]);
      return { ...Object.fromEntries(data), user: user.name };
    },
    set: (key, value) => call(auth.api.updateSession, { [key]: value }),
    login: () => call(auth.api.signInEmail, PERSON),
    logout: () => call(auth.api.signOut),
    endOthers: () => call(auth.api.revokeOtherSessions),
  };
}

export function start(cookieCache) {
  return async (store, application, settings) => {
    const pool = new Pool({ connectionString: await serverUrl("postgres") });
    const auth = authOn(gatedPool(store, pool, "session"), settings, cookieCache);
    await prepare(auth, pool, settings);
    store.calls.length = 0;
    const server = await listenOnWeb(async (request) => {
      const setCookies = [];
      let response;
      try {
        response = webAnswer(await application.answer(request.url, facade(auth, request, setCookies)));
      } catch (error) {
        response = new Response("error", { status: error.statusCode ?? 500 });
      }
      for (const line of setCookies) response.headers.append("Set-Cookie", line);
      return response;
    });
    return {
      ...server,
      async close() {
        server.close();
        await pool.end();
      },
    };
  };
}

/** Its tables, and Ann, who can sign in. */
async function prepare(auth, pool, { second = false }) {
  if (second) return;
  await pool.query('DROP TABLE IF EXISTS "session", "account", "verification", "user" CASCADE');
  const { runMigrations } = await getMigrations(auth.options);
  await runMigrations();
  await auth.api.signUpEmail({ body: { ...PERSON, name: "ann" } });
}

export default {
  name: "better-auth",
  kind: "auth",
  on: "fetch",
  packages: ["better-auth", "pg"],
  about: {
    what: "A framework for sign-in: users, passwords, other providers, and a session for each sign-in, in your database.",
    setUp:
      "Sign-in by e-mail and password, sessions in PostgreSQL by its own migration, the application's data in additional fields of the session, changed by `updateSession`.",
    promises: [
      {
        says: "Sessions can be listed and revoked: one, all others, or all.",
        at: "https://better-auth.com/docs/concepts/session-management",
      },
      {
        says: "A session lasts for seven days and is extended once a day.",
        at: "https://better-auth.com/docs/concepts/session-management",
      },
      {
        says: "With the cookie cache, revoked sessions may stay valid on other devices until it expires.",
        at: "https://better-auth.com/docs/concepts/session-management",
      },
    ],
    ahead: [
      "It is a whole sign-in: passwords, links, passkeys, two factors, organizations, many providers.",
      "Users and their sessions are tables that you can query.",
      "Clients for React, Vue, Svelte and others.",
      "Its columns let two requests change two fields without any merging.",
    ],
  },
  why: [
    {
      rows: ["logout and save", "stream"],
      says: "`updateSession` updates the row by its token, and inserts none.",
      at: [
        "better-auth",
        "dist/db/internal-adapter.mjs",
        "updateSession: async (sessionToken, session) => {",
      ],
    },
    {
      rows: ["ended elsewhere"],
      says: "`revokeOtherSessions` deletes the other rows of the user.",
      at: ["better-auth", "dist/api/routes/session.mjs", "const revokeOtherSessions = createAuthEndpoint("],
    },
    {
      rows: ["stale read", "unchanged", "read fails"],
      says: "`getSession` reads the row at each request, and extends it once a day.",
      at: "https://better-auth.com/docs/concepts/session-management",
    },
    {
      rows: ["made-up id"],
      says: "The token is signed, and one without a row is no session.",
      at: [
        "better-auth",
        "dist/api/routes/session.mjs",
        "const sessionCookieToken = await ctx.getSignedCookie(",
      ],
    },
    {
      rows: ["parallel writes"],
      says: "`updateSession` writes the given columns alone.",
      at: ["better-auth", "dist/api/routes/update-session.mjs", "additionalFields"],
    },
    {
      rows: ["open connection"],
      says: "A session is a row that is deleted. Nothing tells a response that its session has ended.",
      at: ["better-auth", "dist/db/internal-adapter.mjs", "deleteSession: async (token) => {"],
    },
    {
      rows: ["session limit"],
      says: "No option limits the sessions of a user. The plugin multi-session limits those of one browser.",
      at: "https://better-auth.com/docs/concepts/session-management",
    },
    {
      rows: ["old id"],
      says: "A second sign-in makes a second session and leaves the first until it ends; `revokeOtherSessions` ends it.",
      at: ["better-auth", "dist/db/internal-adapter.mjs", "createSession: async (userId, dontRememberMe"],
    },
    {
      rows: ["guard"],
      says: "The documentation's guard asks `getSession`.",
      at: "https://better-auth.com/docs/concepts/session-management",
    },
    {
      rows: ["two applications"],
      says: "The token in the cookie is signed with the secret.",
      at: [
        "better-auth",
        "dist/api/routes/session.mjs",
        "const sessionCookieToken = await ctx.getSignedCookie(",
      ],
    },
    {
      rows: ["first byte", "write fails", "serverless"],
      says: "`updateSession` waits for the database, and the handler for it.",
      at: ["better-auth", "dist/api/routes/update-session.mjs", "ctx.context.internalAdapter.updateSession("],
    },
    {
      rows: ["damaged record"],
      says: "A session is columns of a table, and no text that could be cut.",
      at: "https://better-auth.com/docs/concepts/session-management",
    },
    {
      rows: ["anonymous"],
      says: "Sessions begin at a sign-in.",
      at: [
        "better-auth",
        "dist/api/routes/session.mjs",
        "const sessionCookieToken = await ctx.getSignedCookie(",
      ],
    },
    {
      rows: ["two cookies"],
      says: "The parser of cookies keeps one of a name.",
      at: [
        "better-auth",
        "dist/api/routes/session.mjs",
        "const sessionCookieToken = await ctx.getSignedCookie(",
      ],
    },
    {
      rows: ["a Date"],
      says: "A field of the type date is a column of that type.",
      at: "https://better-auth.com/docs/concepts/session-management",
    },
    {
      rows: ["caches"],
      says: "Only the answers of get-session get `no-store`; that of a sign-in, which sets the cookie, does not.",
      at: ["better-auth", "dist/api/routes/session.mjs", 'ctx.setHeader("cache-control", "no-store");'],
    },
  ],
  without: { "session limit": "no such option", "damaged record": "columns of a table" },
  ofUsersAlone: true,
  sessionCookie: /session_token/,
  start: start(false),
};
