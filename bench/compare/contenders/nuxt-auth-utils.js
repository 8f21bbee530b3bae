/** nuxt-auth-utils on Nuxt 4: all data is in the sealed cookie. The site is in sites/nuxt, and is built by Nuxt itself. */
import { cpSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { buildNuxt, loadNuxt } from "nuxt/kit";
import { secretOf } from "../secrets.js";
import { listen } from "../serve.js";
import { handedOver } from "../sites/handed-over.js";

const site = (path) => fileURLToPath(new URL(`../sites/nuxt/${path}`, import.meta.url));
const listeners = new Map();

/** The listener of a build, which reads its settings from the environment when it is loaded. */
async function listenerOf(build) {
  if (build === "first") {
    const nuxt = await loadNuxt({ cwd: site("."), dev: false, overrides: { logLevel: "silent" } });
    await buildNuxt(nuxt);
    await nuxt.close();
  }
  const folder = build === "first" ? ".output" : ".output-second";
  if (build !== "first") cpSync(site(".output"), site(folder), { recursive: true });
  process.env.NUXT_COMPARE_BUILD = build;
  process.env.NUXT_SESSION_PASSWORD = secretOf(build === "second");
  if (build === "second") process.env.NUXT_SESSION_NAME = "other";
  const module = await import(site(`${folder}/server/index.mjs`));
  return module.listener ?? module.middleware ?? module.handler;
}

export default {
  name: "nuxt-auth-utils",
  kind: "cookie",
  on: "nuxt",
  packages: ["nuxt-auth-utils", "nuxt"],
  about: {
    what: "A module of Nuxt: sign-in by other providers, passwords and passkeys, and the session in a sealed cookie.",
    setUp:
      "A site built by Nuxt with its preset for Node; the sign-in calls `replaceUserSession`, the guard `requireUserSession`.",
    promises: [
      {
        says: "Sealed cookies store the session, so no database is needed.",
        at: "https://nuxt.com/docs/guide/recipes/sessions-and-authentication",
      },
      {
        says: "WebSockets are refused without a session, by `requireUserSession` in `upgrade`.",
        at: ["nuxt-auth-utils", "README.md", "## WebSocket Support"],
      },
      {
        says: "More than forty providers, passwords and passkeys are included.",
        at: ["nuxt-auth-utils", "README.md", "40+ OAuth Providers"],
      },
    ],
    ahead: [
      "It needs no store at all.",
      "It is a whole sign-in for Nuxt, with providers, passwords, passkeys and a composable for pages.",
      "Pages know the session without a request of their own.",
    ],
  },
  why: [
    {
      rows: ["parallel writes"],
      says: "Each answer sets the whole cookie, and the browser keeps the one that comes last.",
      at: [
        "nuxt-auth-utils/node_modules/h3",
        "dist/index.mjs",
        "async function updateSession(event, config, update) {",
      ],
    },
    {
      rows: ["logout and save", "old id"],
      says: "A cookie that was sent once stays valid until it expires, whatever came after it.",
      at: "https://nuxt.com/docs/guide/recipes/sessions-and-authentication",
    },
    {
      rows: ["ended elsewhere", "session limit"],
      says: "Sessions are in cookies alone, so nobody can list or end them on the server.",
      at: "https://nuxt.com/docs/guide/recipes/sessions-and-authentication",
    },
    {
      rows: ["stale read"],
      says: "The data is what the cookie of the request says.",
      at: [
        "nuxt-auth-utils/node_modules/h3",
        "dist/index.mjs",
        "const promise = unsealSession(event, config, sealedSession).catch(() => {",
      ],
    },
    {
      rows: ["open connection"],
      says: "A logout is an answer without the cookie's value. Nothing tells another response.",
      at: [
        "nuxt-auth-utils",
        "dist/runtime/server/utils/session.js",
        "export async function clearUserSession",
      ],
    },
    {
      rows: ["made-up id", "two applications", "damaged record"],
      says: "What cannot be opened with the key is no session.",
      at: [
        "nuxt-auth-utils/node_modules/h3",
        "dist/index.mjs",
        "const promise = unsealSession(event, config, sealedSession).catch(() => {",
      ],
    },
    {
      rows: ["guard"],
      says: "`requireUserSession` throws a 401 without a user.",
      at: [
        "nuxt-auth-utils",
        "dist/runtime/server/utils/session.js",
        "export async function requireUserSession",
      ],
    },
    {
      rows: ["first byte", "read fails", "write fails"],
      says: "There is no store that could be slow or fail.",
      at: "https://nuxt.com/docs/guide/recipes/sessions-and-authentication",
    },
    {
      rows: ["serverless", "unchanged"],
      says: "All there is to do is in the headers, and only a change sets the cookie.",
      at: [
        "nuxt-auth-utils/node_modules/h3",
        "dist/index.mjs",
        "async function updateSession(event, config, update) {",
      ],
    },
    {
      rows: ["anonymous"],
      says: "`getUserSession` makes a session for who has none, and sets its cookie.",
      at: ["nuxt-auth-utils/node_modules/h3", "dist/index.mjs", "async function useSession(event, config) {"],
    },
    {
      rows: ["stream"],
      says: "A header that comes after the head is an error of Node.",
      at: [
        "nuxt-auth-utils/node_modules/h3",
        "dist/index.mjs",
        "async function updateSession(event, config, update) {",
      ],
    },
    {
      rows: ["two cookies"],
      says: "The parser of cookies keeps the first of a name.",
      at: ["nuxt-auth-utils/node_modules/h3", "dist/index.mjs", "async function getSession(event, config) {"],
    },
    {
      rows: ["a Date"],
      says: "The data is kept as JSON.",
      at: [
        "nuxt-auth-utils/node_modules/h3",
        "dist/index.mjs",
        "async function unsealSession(_event, config, sealed) {",
      ],
    },
    {
      rows: ["caches"],
      says: "It sets the cookie, and no header for caches.",
      at: [
        "nuxt-auth-utils/node_modules/h3",
        "dist/index.mjs",
        "async function updateSession(event, config, update) {",
      ],
    },
  ],
  without: { "ended elsewhere": "no list of sessions", "session limit": "no list of sessions" },
  stateless: true,

  async prepare() {
    listeners.set("first", await listenerOf("first"));
  },

  async start(store, application, { second = false }) {
    const build = second ? "second" : "first";
    handedOver[build] = { application, store };
    // The first has read its settings with its first request, so the second may have others.
    if (!listeners.has(build)) listeners.set(build, await listenerOf(build));
    return listen(createServer(listeners.get(build)));
  },
};
