import { appendFileSync } from "node:fs";
import { createSessions, InMemorySessionBackend } from "micropie";
import { nextSessions } from "micropie/adapters/next";
import { svelteKitSessions } from "micropie/adapters/sveltekit";
import { GatedBackend } from "../../src/testing/gated-backend.ts";

// What an application does while its framework builds it: loaded into each process of the build by `--import`.

const store = new GatedBackend(new InMemorySessionBackend());
const sessions = createSessions<{ visits: number }>({ backend: store });
process.on("exit", () => appendFileSync(process.env.MICROPIE_WRITES!, `${store.writes} `));

const next = () => (globalThis as unknown as { next: Parameters<typeof nextSessions>[1] }).next;
const { route, action } = nextSessions(sessions, {
  cookies: () => next().cookies(),
  headers: () => next().headers(),
});
const hit = action((session) => {
  session.visits = 1;
});

const site = {
  handle: svelteKitSessions(sessions),
  read: route((_, session) => Response.json({ ...session })),
  write: route((_, session) => {
    session.visits = 1;
    return new Response();
  }),
  async act() {
    await hit();
    return new Response();
  },
};
Object.assign(globalThis, { site });
