/**
 * iron-session on `node:http`: all data is in the sealed cookie, so there is no store that could be slow or down.
 *
 * - Parallel writes: the browser keeps the cookie that comes last. Logout: a cookie cannot be taken back
 *   (README, "How to invalidate sessions?").
 * - Stream: `save()` throws once the head has left.
 * - Two cookies: `parseCookie` keeps the first of a name. A Date: `save()` throws and names the field.
 */
import { createServer } from "node:http";
import { getIronSession } from "iron-session";
import { answerOnNode } from "../answers/node.js";
import { listen } from "../serve.js";

const options = {
  cookieName: "session",
  password: "a secret of the comparison, of more than thirty-two characters",
  cookieOptions: { secure: false },
};

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
  on: "node:http",
  packages: ["iron-session"],
  /** There is no store. */
  stateless: true,

  start(_store, application) {
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
