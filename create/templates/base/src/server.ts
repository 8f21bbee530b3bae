import { serve } from "./app.ts";
import { openSessions } from "./sessions.ts";
import { openStore } from "./store.ts";
import { setPassword } from "./users.ts";

const { PORT = "3000", HOST = "localhost", DEMO_PASSWORD } = process.env;
if (DEMO_PASSWORD) await setPassword("demo", DEMO_PASSWORD);

const store = await openStore();
const sessions = openSessions(store);
const server = await serve(sessions, Number(PORT), HOST);
console.log(`listening on ${server.url}`);

async function stop(): Promise<void> {
  await server.close();
  await sessions.close();
  await store.close();
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);
