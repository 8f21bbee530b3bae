import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { createSessions } from "micropie";
import { nodeSessions } from "micropie/adapters/node";
import { signedIn } from "micropie/testing";

interface Data {
  visits: number;
}

const sessions = createSessions<Data>();
const server = createServer(
  nodeSessions(sessions, ({ session }, res) => {
    session.visits = (session.visits ?? 0) + 1;
    res.end(`visit ${session.visits}`);
  }),
);

test("a server counts the visits of one client", async (t) => {
  await once(server.listen(0, "localhost"), "listening");
  t.after(() => server.close());
  const url = `http://localhost:${(server.address() as AddressInfo).port}/`;
  const first = await fetch(url);
  assert.equal(await first.text(), "visit 1");
  const cookie = first.headers.getSetCookie()[0]!.split(";")[0]!;
  const second = await fetch(url, { headers: { cookie } });
  assert.equal(await second.text(), "visit 2");
  const ann = await signedIn(sessions, "ann", { visits: 6 });
  assert.equal(await (await fetch(url, { headers: { cookie: ann } })).text(), "visit 7");
});
