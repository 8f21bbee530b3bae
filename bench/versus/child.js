/**
 * One program on one framework: with the sessions of another checkout's dist for `--library FOLDER`, else without any.
 * Told `{ path, us }`, it sends itself requests until they have taken so much CPU time, and replies with the µs of one.
 * Told `{ path, requests }`, it sends so many and replies with the bytes that one allocates on the heap.
 * With `anonymous` its requests have no cookie. With `--listen` it is a server like those in ../servers.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { COUNT_BODY, listening, READ_BODY } from "../lib/child.js";
import { connect } from "./client.js";
import { PROGRAMS } from "./programs.js";

const SESSIONS = 100;

/** The event loop turns after so many requests, as it does in a server; streams are cleaned up only then. */
const BATCH = 16;

const { values: options } = parseArgs({
  options: { on: { type: "string" }, library: { type: "string" }, listen: { type: "boolean" } },
});
const target = await start(PROGRAMS[options.on], options.library);
if (options.listen) {
  if (!target.listening) await once(target.listen(0, "127.0.0.1"), "listening");
  listening(target.address().port);
} else {
  const send = connect(target);
  const cookies = await check(send, options.library !== undefined);
  process.on("message", async ({ path, us, requests, anonymous }) => {
    const prepared = cookies.map((cookie) => send.prepare(path, anonymous ? undefined : cookie));
    process.send(
      requests === undefined
        ? { us: await measure(send, prepared, us) }
        : { bytes: await allocated(send, prepared, requests) },
    );
  });
  process.on("disconnect", () => process.exit());
  process.send({ ready: true });
}

async function start(program, folder) {
  if (folder === undefined) return program.bare();
  const library = (path) => import(pathToFileURL(`${folder}/dist/${path}.js`).href);
  const { createSessions } = await library("index");
  const cookie = { secure: false, persistent: true };
  return program.session(library, createSessions({ cookie }));
}

async function measure(send, requests, us) {
  const before = process.cpuUsage();
  for (let sent = 0; ; ) {
    for (const end = sent + BATCH; sent < end; sent++) await send(requests[sent % SESSIONS]);
    await turn();
    // To ask costs as much as a request.
    if (sent % (8 * BATCH) !== 0) continue;
    const { user, system } = process.cpuUsage(before);
    if (user + system >= us) return (user + system) / sent;
  }
}

/** The new space must be so large that nothing is collected meanwhile: --max-semi-space-size. */
async function allocated(send, requests, count) {
  const used = async () => {
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    for (let sent = 0; sent < count; sent++) {
      await send(requests[sent % SESSIONS]);
      if (sent % BATCH === 0) await turn();
    }
    return (process.memoryUsage().heapUsed - before) / count;
  };
  // The first are compiled meanwhile.
  for (let warm = 0; warm < 5; warm++) await used();
  const found = [];
  for (let n = 0; n < 5; n++) found.push(await used());
  return found.sort((a, b) => a - b)[2];
}

/** Throws if an answer is wrong. Returns a cookie for each session. */
async function check(send, hasSession) {
  const get = async (path, cookie) => send(send.prepare(path, cookie));
  if (!hasSession) {
    // A cookie of the usual length, so that the parser has the same work.
    const cookie = `session_id=${"A".repeat(48)}`;
    assert.deepEqual(await get("/", cookie), { body: COUNT_BODY(1), cookie: undefined });
    assert.deepEqual(await get("/read", cookie), { body: READ_BODY(0), cookie: undefined });
    return Array(SESSIONS).fill(cookie);
  }
  const cookies = [];
  for (let i = 0; i < SESSIONS; i++) {
    const { body, cookie } = await get("/", undefined);
    assert.equal(body, COUNT_BODY(1));
    assert.deepEqual(await get("/read", cookie), { body: READ_BODY(1), cookie: undefined });
    assert.deepEqual(await get("/", cookie), { body: COUNT_BODY(2), cookie: undefined });
    cookies.push(cookie);
  }
  return cookies;
}
