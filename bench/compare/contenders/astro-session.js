/** Astro's sessions on @astrojs/node. The site is in sites/astro, and is built by Astro itself. */
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "astro";
import { listen } from "../serve.js";
import { handedOver } from "../sites/handed-over.js";

const site = (path) => new URL(`../sites/astro/${path}`, import.meta.url);
const handlers = new Map();

async function handlerOf(name) {
  process.env.COMPARE_BUILD = name;
  await build({ root: fileURLToPath(site(".")), logLevel: "silent" });
  const { handler } = await import(site(`dist/${name}/server/entry.mjs`).href);
  return handler;
}

export default {
  name: "Astro sessions",
  kind: "store",
  on: "astro",
  packages: ["astro", "@astrojs/node"],
  about: {
    what: "The sessions of Astro: `Astro.session` and `context.session`, on a driver of unstorage or of yours.",
    setUp:
      "A site built for @astrojs/node, with a session driver on text in memory, where each application has a prefix; the sign-in calls `regenerate`.",
    promises: [
      {
        says: "Data is stored on the server, and devalue keeps Dates, Maps, Sets and URLs.",
        at: "https://docs.astro.build/en/guides/sessions/",
      },
      {
        says: "Any driver of unstorage can be used.",
        at: "https://docs.astro.build/en/reference/session-driver-reference/",
      },
      {
        says: "`regenerate` makes a new id and keeps the data.",
        at: [
          "astro",
          "dist/core/session/runtime.js",
          "Regenerates the session, creating a new session ID. The existing session data is preserved.",
        ],
      },
    ],
    ahead: [
      "It runs where Astro's adapters run, and configures a store of Node, Cloudflare and Netlify by itself.",
      "It is part of a whole framework, so there is nothing to install or to mount.",
    ],
  },
  why: [
    {
      rows: ["parallel writes", "logout and save"],
      says: "At the end of a request, the item is set as a whole, whether it is still there or not.",
      at: ["astro", "dist/core/session/runtime.js", "await storage.setItem(key, serialized);"],
    },
    {
      rows: ["ended elsewhere"],
      says: "There is no list of a user's sessions.",
      at: ["astro", "dist/core/session/runtime.js", "async load(sessionID) {"],
    },
    {
      rows: ["session limit"],
      says: "No option limits the sessions of a user.",
      at: "https://docs.astro.build/en/reference/session-driver-reference/",
    },
    {
      rows: ["stale read"],
      says: "The item is read when the session is first used.",
      at: [
        "astro",
        "dist/core/session/runtime.js",
        "const raw = await storage.get(this.#ensureSessionID());",
      ],
    },
    {
      rows: ["open connection"],
      says: "`destroy` removes the item. Nothing tells a response that its session has ended.",
      at: ["astro", "dist/core/session/runtime.js", "destroy() {"],
    },
    {
      rows: ["made-up id"],
      says: "An id from a cookie that has no item is replaced.",
      at: ["astro", "dist/core/session/runtime.js", "if (this.#sessionIDFromCookie) {"],
    },
    {
      rows: ["old id"],
      says: "`regenerate` removes the item of the old id.",
      at: [
        "astro",
        "dist/core/session/runtime.js",
        "this.#storage.removeItem(oldSessionId).catch((err) => {",
      ],
    },
    {
      rows: ["guard", "read fails"],
      says: "What the driver throws is the request's error, where the session is used.",
      at: [
        "astro",
        "dist/core/session/runtime.js",
        "const raw = await storage.get(this.#ensureSessionID());",
      ],
    },
    {
      rows: ["two applications"],
      says: "Keys have the prefix of the driver.",
      at: "https://docs.astro.build/en/reference/session-driver-reference/",
    },
    {
      rows: ["first byte", "write fails", "serverless", "stream"],
      says: "It persists when the page is rendered, before the response is sent, and waits. Later changes are not persisted.",
      at: ["astro", "dist/core/session/runtime.js", "async [PERSIST_SYMBOL]() {"],
    },
    {
      rows: ["damaged record"],
      says: "What cannot be parsed is an error at that request, and the item is removed, so the next one works.",
      at: ["astro", "dist/core/session/runtime.js", "The session data could not be parsed."],
    },
    {
      rows: ["anonymous"],
      says: "Without a cookie, reading does nothing.",
      at: [
        "astro",
        "dist/core/session/runtime.js",
        "if (!this.#sessionID && !this.#cookies.get(this.#cookieName)?.value) {",
      ],
    },
    {
      rows: ["unchanged"],
      says: "What was only read is not persisted.",
      at: ["astro", "dist/core/session/runtime.js", "if (!this.#dirty && !this.#toDestroy.size) {"],
    },
    {
      rows: ["two cookies"],
      says: "Astro's cookies keep one of a name.",
      at: ["astro", "dist/core/session/runtime.js", "this.#cookies.get(this.#cookieName)?.value"],
    },
    {
      rows: ["a Date"],
      says: "devalue keeps it.",
      at: [
        "astro",
        "dist/core/session/runtime.js",
        'import { stringify as rawStringify, unflatten as rawUnflatten } from "devalue";',
      ],
    },
    {
      rows: ["caches"],
      says: "It sets the cookie, and no header for caches.",
      at: [
        "astro",
        "dist/core/session/runtime.js",
        "this.#cookies.set(this.#cookieName, value, this.#cookieConfig);",
      ],
    },
  ],
  without: { "ended elsewhere": "no list by user", "session limit": "no such option" },

  async prepare() {
    for (const name of ["first", "second"]) handlers.set(name, await handlerOf(name));
  },

  async start(store, application, { second = false }) {
    const name = second ? "second" : "first";
    handedOver[name] = { application, store };
    const handler = handlers.get(name);
    return listen(createServer((req, res) => handler(req, res)));
  },
};
