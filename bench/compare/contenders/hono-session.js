/**
 * @hono/session on Hono 4 under @hono/node-server, with a storage and an absolute duration, as its README recommends.
 *
 * - Parallel writes, logout: `storage.set` gets all of the data, whether the session is still there or not. (`update` reads
 *   again before it changes, so writes that follow each other are both kept.)
 * - First byte, write fails: `persistSession` does not wait for `storage.set`, and nobody handles its rejection, which
 *   ends a Node process by default. There is no method to wait with.
 * - Anonymous: `get()` makes an id, and the cookie goes with it.
 * - Stream: it persists when `next()` is done; an `update` after that stays in memory.
 * - Two cookies: Hono's `getCookie` finds the first of a name. A Date: the storage gets the object, and the README's
 *   storages (Cloudflare KV, unstorage) keep JSON.
 */
import { useSession, useSessionStorage } from "@hono/session";
import { Hono } from "hono";
import { answerOnHono } from "../answers/hono.js";
import { listenOnWeb } from "../serve.js";

function facade({ session }) {
  return {
    get: () => session.get(),
    set: (key, value) => session.update((data) => ({ ...data, [key]: value })),
    // There is no way to change the id.
    login: (user) => session.update((data) => ({ ...data, user })),
    async logout() {
      // Without it, `delete` does not know the id, and leaves the stored data.
      await session.get();
      session.delete();
    },
  };
}

export default {
  name: "@hono/session",
  on: "hono",
  packages: ["@hono/session", "hono"],

  start(store, application) {
    const app = new Hono();
    app.onError((_error, c) => c.text("error", 500));
    app.use(
      useSessionStorage({
        get: async (id) => (await store.read(id)) ?? null,
        set: (id, data) => store.write(id, data),
        delete: (id) => store.delete(id),
      }),
      useSession({
        secret: "a secret of the comparison, of more than thirty-two characters",
        duration: { absolute: 8 * 60 * 60 },
      }),
    );
    app.get("*", async (c) => answerOnHono(c, await application.answer(c.req.url, facade(c.var))));
    return listenOnWeb(app.fetch, { hono: true });
  },
};
