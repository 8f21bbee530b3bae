/** Auth.js with sessions in PostgreSQL and links by e-mail, on Express 4, whose paths its documents have. */
import Resend from "@auth/core/providers/resend";
import { ExpressAuth, getSession } from "@auth/express";
import PostgresAdapter from "@auth/pg-adapter";
import express from "express4";
import { Pool } from "pg";
import { answerOnExpress } from "../answers/express.js";
import { gatedPool, serverUrl } from "../real.js";
import { secretOf } from "../secrets.js";
import { listen } from "../serve.js";

const EMAIL = "ann@example.com";

/** The tables of the adapter's documents. */
const TABLES = `
  DROP TABLE IF EXISTS verification_token, accounts, sessions, users;
  CREATE TABLE verification_token (
    identifier TEXT NOT NULL, expires TIMESTAMPTZ NOT NULL, token TEXT NOT NULL, PRIMARY KEY (identifier, token));
  CREATE TABLE accounts (
    id SERIAL, "userId" INTEGER NOT NULL, type VARCHAR(255) NOT NULL, provider VARCHAR(255) NOT NULL,
    "providerAccountId" VARCHAR(255) NOT NULL, refresh_token TEXT, access_token TEXT, expires_at BIGINT, id_token TEXT,
    scope TEXT, session_state TEXT, token_type TEXT, PRIMARY KEY (id));
  CREATE TABLE sessions (
    id SERIAL, "userId" INTEGER NOT NULL, expires TIMESTAMPTZ NOT NULL, "sessionToken" VARCHAR(255) NOT NULL,
    PRIMARY KEY (id));
  CREATE TABLE users (
    id SERIAL, name VARCHAR(255), email VARCHAR(255), "emailVerified" TIMESTAMPTZ, image TEXT, PRIMARY KEY (id));
  INSERT INTO users (name, email) VALUES ('ann', '${EMAIL}');`;

/** The link of the last message. */
let link;

function configOf(pool, { second = false }) {
  return {
    adapter: PostgresAdapter(pool),
    secret: secretOf(second),
    trustHost: true,
    session: { strategy: "database" },
    providers: [
      Resend({
        apiKey: "none, as no message is sent",
        from: "shop@example.com",
        sendVerificationRequest({ url }) {
          link = url;
        },
      }),
    ],
    ...(second ? { cookies: { sessionToken: { name: "other.session-token" } } } : {}),
    logger: { error() {}, warn() {}, debug() {} },
  };
}

function facade(req, config, pool) {
  return {
    async get() {
      const found = await getSession(req, config);
      return found === null ? {} : { user: found.user.name };
    },
    async endOthers() {
      const { user } = await getSession(req, config);
      const token = /session-token=([^;]+)/.exec(req.headers.cookie)[1];
      await pool.query(
        'DELETE FROM sessions USING users WHERE sessions."userId" = users.id AND email = $1 AND "sessionToken" <> $2',
        [user.email, token],
      );
    },
  };
}

async function csrfToken(client) {
  const { body } = await client.get("/auth/csrf");
  return JSON.parse(body).csrfToken;
}

export default {
  name: "Auth.js",
  kind: "auth",
  on: "express",
  packages: ["@auth/express", "@auth/core", "@auth/pg-adapter", "express4", "pg"],
  about: {
    what: "Sign-in for web frameworks: providers, links by e-mail, and sessions as tokens or in a database.",
    setUp:
      '@auth/express with the adapter for `pg`, `strategy: "database"` and links by e-mail, which the probes follow. Other sessions are ended by deleting their rows, as the documentation says of this strategy.',
    promises: [
      {
        says: "With database sessions, sessions can be ended at any time on the server.",
        at: "https://authjs.dev/concepts/session-strategies",
      },
      {
        says: "Sign-in forms are protected against CSRF by themselves.",
        at: ["@auth/core", "lib/actions/callback/oauth/csrf-token.js", "Ensure CSRF Token cookie is set"],
      },
      { says: "A sign-out deletes the row.", at: ["@auth/core", "lib/actions/signout.js", "deleteSession"] },
    ],
    ahead: [
      "It is a whole sign-in, with many providers and no passwords to keep.",
      "Its default strategy needs no store.",
      "Adapters for most databases and mappers.",
    ],
  },
  why: [
    {
      rows: [
        "parallel writes",
        "logout and save",
        "stale read",
        "first byte",
        "write fails",
        "serverless",
        "stream",
        "a Date",
      ],
      says: "A database session has a user and an expiry, and no data of the application, so there is nothing to change by a request.",
      at: ["@auth/pg-adapter", "index.js", "async createSession({ sessionToken, userId, expires }) {"],
    },
    {
      rows: ["ended elsewhere"],
      says: "Rows of the table are sessions: who deletes them ends them.",
      at: "https://authjs.dev/concepts/session-strategies",
    },
    {
      rows: ["open connection"],
      says: "A session is a row that is deleted. Nothing tells a response that its session has ended.",
      at: ["@auth/pg-adapter", "index.js", "async deleteSession(sessionToken) {"],
    },
    {
      rows: ["session limit"],
      says: "No option limits the sessions of a user; the table is yours.",
      at: "https://authjs.dev/concepts/session-strategies",
    },
    {
      rows: ["made-up id", "two applications"],
      says: "The token is looked up in the table as it is, without a signature: one that is not there is none, and two applications on the same tables share sessions.",
      at: ["@auth/pg-adapter", "index.js", 'select * from sessions where "sessionToken" = $1'],
    },
    {
      rows: ["old id"],
      says: "A second sign-in of the same user makes a second row and leaves the first.",
      at: [
        "@auth/core",
        "lib/actions/callback/handle-login.js",
        "if (user?.id !== userByEmail.id && !useJwtSession && sessionToken) {",
      ],
    },
    {
      rows: ["guard"],
      says: "The documentation's guard asks `getSession`.",
      at: ["@auth/express", "index.js", "export async function getSession(req, config) {"],
    },
    {
      rows: ["read fails"],
      says: "An error of the adapter is logged, and the answer is no session. The cookie stays.",
      at: ["@auth/core", "lib/actions/session.js", "logger.error(new SessionTokenError(e));"],
    },
    {
      rows: ["damaged record"],
      says: "A session is columns of a table, and no text that could be cut.",
      at: ["@auth/pg-adapter", "index.js", "async createSession({ sessionToken, userId, expires }) {"],
    },
    {
      rows: ["anonymous"],
      says: "Sessions begin at a sign-in.",
      at: [
        "@auth/core",
        "lib/actions/session.js",
        "const { getSessionAndUser, deleteSession, updateSession } = adapter;",
      ],
    },
    {
      rows: ["unchanged"],
      says: "The row is read, and written once a day (`updateAge`).",
      at: ["@auth/core", "lib/actions/session.js", "if (sessionIsDueToBeUpdatedDate <= Date.now()) {"],
    },
    {
      rows: ["two cookies"],
      says: "The parser of cookies keeps the first of a name.",
      at: ["@auth/core", "lib/utils/cookie.js", "if (!name.startsWith(sessionCookiePrefix) || !value)"],
    },
    {
      rows: ["caches"],
      says: "Only the answers of /auth/session forbid caching; that of a sign-in, which sets the cookie, does not.",
      at: ["@auth/core", "lib/actions/session.js", '"Cache-Control": "private, no-cache, no-store",'],
    },
  ],
  without: {
    "session limit": "no such option",
    "damaged record": "columns of a table",
    ...Object.fromEntries(
      [
        "parallel writes",
        "logout and save",
        "stale read",
        "first byte",
        "write fails",
        "serverless",
        "stream",
        "a Date",
      ].map((probe) => [probe, "no data of its own"]),
    ),
  },
  ofUsersAlone: true,
  sessionCookie: /session-token/,
  keepsData: false,

  /** As a person does: asks for a link, and follows it. */
  async signIn(client) {
    await client.post("/auth/signin/resend", { email: EMAIL, csrfToken: await csrfToken(client) });
    const { pathname, search } = new URL(link);
    return client.get(pathname + search);
  },
  async signOut(client) {
    return client.post("/auth/signout", { csrfToken: await csrfToken(client) });
  },

  async start(store, application, settings) {
    const pool = new Pool({ connectionString: await serverUrl("postgres") });
    if (!settings.second) await pool.query(TABLES);
    const gated = gatedPool(store, pool, "sessions");
    const config = configOf(gated, settings);
    const app = express();
    app.set("env", "test");
    app.use("/auth/*", ExpressAuth(config));
    app.use((req, res, next) => {
      application
        .answer(req.url, facade(req, config, gated))
        .then((answer) => answerOnExpress(res, answer))
        .catch(next);
    });
    const server = await listen(app.listen(0, "127.0.0.1"));
    return {
      ...server,
      async close() {
        server.close();
        await pool.end();
      },
    };
  },
};
