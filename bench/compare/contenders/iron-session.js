/** iron-session on `node:http`: all data is in the sealed cookie. */
import { createServer } from "node:http";
import { getIronSession } from "iron-session";
import { answerOnNode } from "../answers/node.js";
import { secretOf } from "../secrets.js";
import { listen } from "../serve.js";

const optionsOf = (second) => ({
  cookieName: second ? "other" : "session",
  password: secretOf(second),
  cookieOptions: { secure: false },
});

function facade(session) {
  return {
    get: () => session,
    async set(key, value) {
      session[key] = value;
      await session.save();
    },
    async login(user) {
      session.user = user;
      await session.save();
    },
    logout: () => session.destroy(),
  };
}

export default {
  name: "iron-session",
  kind: "cookie",
  on: "node:http",
  packages: ["iron-session"],
  about: {
    what: "Sessions in an encrypted and signed cookie, for Node, Next.js and what has web standards.",
    setUp: "Its default options; every change is saved in the handler.",
    promises: [
      {
        says: "Data is in signed and encrypted cookies, and no server or store is needed.",
        at: ["iron-session", "README.md", "The session data is stored in signed and encrypted cookies"],
      },
      {
        says: "Sessions cannot be ended at once from the server; it says how to block a user.",
        at: ["iron-session", "README.md", "Sessions cannot be instantly invalidated"],
      },
      {
        says: "After `destroy`, what is written is refused.",
        at: ["iron-session", "dist/index.js", "Cannot save a destroyed session"],
      },
    ],
    ahead: [
      "It needs no store at all.",
      "It runs on Node, Bun, Deno, Workers, and in Next.js in every place.",
    ],
  },
  why: [
    {
      rows: ["parallel writes"],
      says: "Each answer sets the whole cookie, and the browser keeps the one that comes last.",
      at: ["iron-session", "dist/index.js", "writeSeal(jar, config, seal);"],
    },
    {
      rows: ["logout and save", "old id"],
      says: "A cookie that was sent once stays valid until it expires, whatever came after it.",
      at: ["iron-session", "README.md", "Sessions cannot be instantly invalidated"],
    },
    {
      rows: ["ended elsewhere", "session limit"],
      says: "Sessions are in cookies alone, so nobody can list or end them on the server.",
      at: ["iron-session", "README.md", "Sessions cannot be instantly invalidated"],
    },
    {
      rows: ["stale read"],
      says: "The data is what the cookie of the request says.",
      at: ["iron-session", "dist/index.js", "const sealFromCookies = readSeal(jar, config.cookieName);"],
    },
    {
      rows: ["open connection"],
      says: "A logout is an answer without the cookie's value. Nothing tells another response.",
      at: ["iron-session", "dist/index.js", "destroy: { value: function destroy() {"],
    },
    {
      rows: ["made-up id", "two applications", "damaged record"],
      says: "What cannot be opened with the key is no session.",
      at: ["iron-session", "dist/index.js", "const sealFromCookies = readSeal(jar, config.cookieName);"],
    },
    {
      rows: ["guard"],
      says: "The handler looks for the user in the session.",
      at: ["iron-session", "README.md", "session.userId = user.id"],
    },
    {
      rows: ["first byte", "read fails", "write fails"],
      says: "There is no store that could be slow or fail.",
      at: ["iron-session", "README.md", "Sessions cannot be instantly invalidated"],
    },
    {
      rows: ["serverless", "unchanged"],
      says: "All there is to do is in the headers, and only a change sets the cookie.",
      at: ["iron-session", "dist/index.js", "writeSeal(jar, config, seal);"],
    },
    {
      rows: ["anonymous"],
      says: "Reading sets no cookie.",
      at: ["iron-session", "dist/index.js", "const sealFromCookies = readSeal(jar, config.cookieName);"],
    },
    {
      rows: ["stream"],
      says: "`save()` throws once the head has left.",
      at: ["iron-session", "dist/index.js", "session.save() was called after headers were sent"],
    },
    {
      rows: ["two cookies"],
      says: "The parser keeps the first of a name.",
      at: ["iron-session", "dist/index.js", 'return parseCookie(header ?? "")[name];'],
    },
    {
      rows: ["a Date"],
      says: "`save()` throws, and names the field.",
      at: ["iron-session", "dist/index.js", "a Date must be stored as a timestamp"],
    },
    {
      rows: ["caches"],
      says: "It sets the cookie, and no header for caches.",
      at: ["iron-session", "dist/index.js", 'res.setHeader("set-cookie"'],
    },
  ],
  without: { "ended elsewhere": "no list of sessions", "session limit": "no list of sessions" },
  /** There is no store. */
  stateless: true,

  start(_store, application, { second = false }) {
    const options = optionsOf(second);
    return listen(
      createServer(async (req, res) => {
        try {
          const session = await getIronSession(req, res, options);
          await answerOnNode(res, await application.answer(req.url, facade(session)));
        } catch {
          if (res.headersSent) res.destroy();
          else res.writeHead(500).end("error");
        }
      }),
    );
  },
};
