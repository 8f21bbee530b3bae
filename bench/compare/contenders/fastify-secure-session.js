/** @fastify/secure-session on Fastify 5: all data is in the sealed cookie. */
import { createHash } from "node:crypto";
import secureSession from "@fastify/secure-session";
import fastify from "fastify";
import { answerOnFastify } from "../answers/fastify.js";
import { secretOf } from "../secrets.js";
import { listen } from "../serve.js";

function facade(request) {
  const { session } = request;
  return {
    get: () => session.data(),
    set: (key, value) => session.set(key, value),
    login(user) {
      session.regenerate();
      session.set("user", user);
    },
    logout: () => session.delete(),
  };
}

export default {
  name: "@fastify/secure-session",
  kind: "cookie",
  on: "fastify",
  packages: ["@fastify/secure-session", "fastify"],
  about: {
    what: "A plugin of Fastify: the data is `request.session`, in a cookie sealed by libsodium.",
    setUp: "A key of 32 bytes and an expiry of eight hours; the sign-in calls `regenerate`.",
    promises: [
      {
        says: "Sessions are stateless: all is in the cookie.",
        at: ["@fastify/secure-session", "README.md", "Create a secure stateless cookie session for Fastify"],
      },
      {
        says: "Keys can be rotated, and cookies with an old key are sealed anew.",
        at: ["@fastify/secure-session", "README.md", "## Using Keys with key rotation"],
      },
      {
        says: "A session ends at the time of `expiry`, also if the cookie is leaked.",
        at: ["@fastify/secure-session", "README.md", "if the cookie is leaked"],
      },
    ],
    ahead: [
      "It needs no store at all.",
      "It belongs to Fastify's own organization and is released with its versions.",
    ],
  },
  why: [
    {
      rows: ["parallel writes"],
      says: "Each answer sets the whole cookie, and the browser keeps the one that comes last.",
      at: ["@fastify/secure-session", "index.js", "fastify.encodeSecureSession(session, sessionName),"],
    },
    {
      rows: ["logout and save", "old id"],
      says: "A cookie that was sent once stays valid until it expires, whatever came after it.",
      at: ["@fastify/secure-session", "README.md", "if the cookie is leaked"],
    },
    {
      rows: ["ended elsewhere", "session limit"],
      says: "Sessions are in cookies alone, so nobody can list or end them on the server.",
      at: ["@fastify/secure-session", "README.md", "if the cookie is leaked"],
    },
    {
      rows: ["stale read"],
      says: "The data is what the cookie of the request says.",
      at: [
        "@fastify/secure-session",
        "index.js",
        "const result = fastify.decodeSecureSession(cookie, request.log, sessionName)",
      ],
    },
    {
      rows: ["open connection"],
      says: "A logout is an answer without the cookie's value. Nothing tells another response.",
      at: ["@fastify/secure-session", "index.js", "reply.setCookie(cookieName, '', tmpCookieOptions)"],
    },
    {
      rows: ["made-up id", "two applications", "damaged record"],
      says: "What cannot be opened with the key is no session.",
      at: [
        "@fastify/secure-session",
        "index.js",
        "const result = fastify.decodeSecureSession(cookie, request.log, sessionName)",
      ],
    },
    {
      rows: ["guard"],
      says: "The handler looks for the user in the session.",
      at: [
        "@fastify/secure-session",
        "index.js",
        "const result = fastify.decodeSecureSession(cookie, request.log, sessionName)",
      ],
    },
    {
      rows: ["first byte", "read fails", "write fails"],
      says: "There is no store that could be slow or fail.",
      at: ["@fastify/secure-session", "README.md", "if the cookie is leaked"],
    },
    {
      rows: ["serverless", "unchanged"],
      says: "All there is to do is in the headers, and only a change sets the cookie.",
      at: ["@fastify/secure-session", "index.js", "fastify.encodeSecureSession(session, sessionName),"],
    },
    {
      rows: ["anonymous"],
      says: "Reading sets no cookie.",
      at: ["@fastify/secure-session", "index.js", "if (!session || !session.changed) {"],
    },
    {
      rows: ["stream"],
      says: "The cookie is set in `onSend`, before the body. A later change has no error.",
      at: ["@fastify/secure-session", "index.js", "fastify.addHook('onSend'"],
    },
    {
      rows: ["two cookies"],
      says: "It takes the cookie that @fastify/cookie has parsed, which is the first of a name.",
      at: ["@fastify/secure-session", "index.js", "let cookie = request.cookies[cookieName]"],
    },
    {
      rows: ["a Date"],
      says: "The data is kept as JSON.",
      at: ["@fastify/secure-session", "index.js", "Buffer.from(JSON.stringify(session[kObj]))"],
    },
    {
      rows: ["caches"],
      says: "It sets the cookie, and no header for caches.",
      at: ["@fastify/secure-session", "index.js", "reply.setCookie("],
    },
  ],
  without: { "ended elsewhere": "no list of sessions", "session limit": "no list of sessions" },
  stateless: true,

  async start(_store, application, { second = false }) {
    const app = fastify({ logger: false });
    await app.register(secureSession, {
      key: createHash("sha256").update(secretOf(second)).digest(),
      ...(second ? { cookieName: "other" } : {}),
      expiry: 8 * 60 * 60,
      cookie: { path: "/", httpOnly: true, sameSite: "lax", secure: false },
    });
    app.get("/*", async (request, reply) =>
      answerOnFastify(reply, await application.answer(request.url, facade(request))),
    );
    await app.listen({ port: 0, host: "127.0.0.1" });
    return listen(app.server);
  },
};
