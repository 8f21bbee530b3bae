/** h3's useSession, on h3 v2: all data is in the sealed cookie. */
import { getSession, H3, redirect, serve, useSession } from "h3";
import { bytes } from "../answers/web.js";
import { secretOf } from "../secrets.js";
import { invokeOnWeb } from "../serve.js";

function facade(event, config) {
  const use = () => useSession(event, config);
  return {
    get: async () => (await getSession(event, config)).data,
    set: async (key, value) => (await use()).update({ [key]: value }),
    async login(user) {
      await (await use()).clear();
      await (await use()).update({ user });
    },
    logout: async () => (await use()).clear(),
  };
}

export default {
  name: "h3 useSession",
  kind: "cookie",
  on: "h3",
  packages: ["h3"],
  about: {
    what: "Part of h3, the server of Nitro and Nuxt: `useSession`, in a sealed cookie.",
    setUp:
      "A password and a `maxAge` of eight hours. Reads call `getSession`, which sets no cookie; changes call `useSession`. The sign-in clears the session first.",
    promises: [
      {
        says: "Sessions are encrypted and signed cookies, and no store is needed.",
        at: "https://h3.dev/examples/handle-session",
      },
      {
        says: "A session ends at `maxAge`, or after `idleTimeout` without a request.",
        at: ["h3", "dist/h3.mjs", "if (config.idleTimeout) {"],
      },
      {
        says: "Data that is too large for one cookie is split.",
        at: ["h3", "dist/h3.mjs", "setChunkedCookie(event, sessionName, await sealSession(event, config), {"],
      },
    ],
    ahead: ["It needs no store at all.", "It runs on every runtime of h3, and is part of it."],
  },
  why: [
    {
      rows: ["parallel writes"],
      says: "Each answer sets the whole cookie, and the browser keeps the one that comes last.",
      at: ["h3", "dist/h3.mjs", "setChunkedCookie(event, sessionName, await sealSession(event, config), {"],
    },
    {
      rows: ["logout and save", "old id"],
      says: "A cookie that was sent once stays valid until it expires, whatever came after it.",
      at: ["h3", "dist/h3.mjs", "async function unsealSession(_event, config, sealed) {"],
    },
    {
      rows: ["ended elsewhere", "session limit"],
      says: "Sessions are in cookies alone, so nobody can list or end them on the server.",
      at: ["h3", "dist/h3.mjs", "async function unsealSession(_event, config, sealed) {"],
    },
    {
      rows: ["stale read"],
      says: "The data is what the cookie of the request says.",
      at: [
        "h3",
        "dist/h3.mjs",
        "const promise = unsealSession(event, config, sealedSession).catch(() => {}).then(",
      ],
    },
    {
      rows: ["open connection"],
      says: "A logout is an answer without the cookie's value. Nothing tells another response.",
      at: ["h3", "dist/h3.mjs", "function clearSession(event, config) {"],
    },
    {
      rows: ["made-up id", "two applications", "damaged record"],
      says: "What cannot be opened with the key is no session.",
      at: [
        "h3",
        "dist/h3.mjs",
        "const promise = unsealSession(event, config, sealedSession).catch(() => {}).then(",
      ],
    },
    {
      rows: ["guard"],
      says: "The handler looks for the user in the session.",
      at: ["h3", "dist/h3.mjs", "async function getSession(event, config) {"],
    },
    {
      rows: ["first byte", "read fails", "write fails"],
      says: "There is no store that could be slow or fail.",
      at: ["h3", "dist/h3.mjs", "async function unsealSession(_event, config, sealed) {"],
    },
    {
      rows: ["serverless", "unchanged"],
      says: "All there is to do is in the headers, and only a change sets the cookie.",
      at: ["h3", "dist/h3.mjs", "setChunkedCookie(event, sessionName, await sealSession(event, config), {"],
    },
    {
      rows: ["anonymous"],
      says: "`getSession` sets no cookie. `useSession` would set one for who has none.",
      at: [
        "h3",
        "dist/h3.mjs",
        "if ((await getSession(event, config))[kSessionNew]) await updateSession(event, config);",
      ],
    },
    {
      rows: ["stream"],
      says: "The cookie is part of the head. A later change has no error.",
      at: ["h3", "dist/h3.mjs", "async function updateSession(event, config, update) {"],
    },
    {
      rows: ["two cookies"],
      says: "The parser of cookies keeps the first of a name.",
      at: ["h3", "dist/h3.mjs", "sealedSession = getChunkedCookie(event, sessionName);"],
    },
    {
      rows: ["a Date"],
      says: "The data is kept as JSON.",
      at: ["h3", "dist/h3.mjs", "return await seal(session, config.password, {"],
    },
    {
      rows: ["caches"],
      says: "It sets the cookie, and no header for caches.",
      at: ["h3", "dist/h3.mjs", "setChunkedCookie(event, sessionName, await sealSession(event, config), {"],
    },
  ],
  without: { "ended elsewhere": "no list of sessions", "session limit": "no list of sessions" },
  stateless: true,

  async start(_store, application, { second = false }) {
    const config = {
      password: secretOf(second),
      ...(second ? { name: "other" } : {}),
      maxAge: 8 * 60 * 60,
      cookie: { secure: false },
    };
    const app = new H3({ silent: true });
    app.get("/**", async (event) => {
      const { status, headers, body } = await application.answer(event.req.url, facade(event, config));
      if (status === 302) return redirect(headers.location);
      event.res.status = status;
      for (const [name, value] of Object.entries(headers)) event.res.headers.set(name, value);
      return typeof body === "string" ? body : bytes(body);
    });
    const server = serve(app, { port: 0, hostname: "127.0.0.1", silent: true, gracefulShutdown: false });
    await server.ready();
    const invoke = invokeOnWeb((request) => app.fetch(request));
    return { url: server.url, invoke, close: () => server.close(true) };
  },
};
