// Some requests to one session in a file of SQLite, as a server of this runtime would have them: visit.ts FILE COOKIE WHAT
import { createSessions, login, rotate, update } from "micropie";
import { SqliteSessionBackend } from "micropie/backends/sqlite";

interface Data {
  visits: number;
  at: Date;
  seen: Set<string>;
  big: bigint;
  bytes: Uint8Array;
}

const [file = "", given = "", what = "", where = ""] = process.argv.slice(2);
const sessions = createSessions<Data>({ backend: new SqliteSessionBackend(file, { busyTimeout: 20 }) });
let cookie = given;

async function request(
  handle: (session: Awaited<ReturnType<typeof sessions.load>>) => unknown,
): Promise<void> {
  const session = await sessions.load(cookie);
  await handle(session);
  const line = await sessions.commit(session);
  if (line !== undefined) cookie = line.split(";", 1)[0]!;
}

if (what === "count") {
  for (let n = 0; n < 20; n++)
    await request((session) => update(session, "visits", (visits = 0) => visits + 1));
} else {
  await request((session) => {
    session.visits = (session.visits ?? 0) + 1;
    session.at ??= new Date(1000);
    session.seen = new Set(session.seen).add(where);
    session.big = (session.big ?? 2n ** 64n) + 1n;
    session.bytes = new Uint8Array([...(session.bytes ?? []), session.visits]);
  });
  await request((session) => (what === "login" ? login(session, where) : rotate(session)));
}
const { visits, at, seen, big, bytes } = await sessions.load(cookie);
console.log(
  JSON.stringify({
    cookie,
    visits,
    at: at?.getTime(),
    seen: [...(seen ?? [])],
    big: `${big}`,
    bytes: [...(bytes ?? [])],
  }),
);
await sessions.close();
