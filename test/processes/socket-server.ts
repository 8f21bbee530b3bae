import { createSessions } from "../../src/core/sessions.ts";
import { GatedBackend } from "../../src/testing/gated-backend.ts";
import { SERVERS } from "../sockets/_servers.ts";
import type { Data, Hooks } from "../sockets/_talk.ts";
import type { Limits } from "./child.ts";
import { endSession, now, obey } from "./obey.ts";
import { openStore, type StoreSpec } from "./stores.ts";

/** A process with a socket server of each adapter, all on one store. */
const store = await openStore(JSON.parse(process.argv[2] ?? "") as StoreSpec);
const backend = new GatedBackend(store.backend);
const sessions = createSessions<Data>({ backend, ...(JSON.parse(process.argv[3] ?? "{}") as Limits) });

/** Milliseconds from one message that is pushed to the next. */
const EVERY = 200;
const pushed = new Set<(text: string) => void>();
setInterval(() => {
  for (const send of pushed) send(String(now()));
}, EVERY);

let inside = Promise.withResolvers<void>();
let go = Promise.withResolvers<void>();
const hooks: Hooks = {
  inside() {
    inside.resolve();
    return go.promise;
  },
  push: (send) => void pushed.add(send),
};

obey({
  /** Starts the server with this number; returns its port. */
  async serve(_, number) {
    return (await SERVERS[number!]!.serve(sessions, hooks)).port;
  },
  end: (cookie, how) => endSession(sessions, cookie, how!),
  /** Waits until a message is in the middle of its work. */
  inside: () => inside.promise,
  /** Lets it go on. */
  async go() {
    go.resolve();
    [inside, go] = [Promise.withResolvers(), Promise.withResolvers()];
  },
  /** Pushes nothing more to those that are there, and forgets what the store was asked. */
  async forget() {
    pushed.clear();
    backend.forget();
  },
  /** Waits until the store has answered where those stand that are watched. */
  async asked() {
    while (backend.count("standings") === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await backend.settled();
  },
});
