/**
 * A thread of its own that serves requests: so many a second, each a load, a change and a commit, at the times at which they are due
 * whether earlier ones are done or not. Told "take", it tells how long those took that it has served since.
 */
import { parentPort, workerData } from "node:worker_threads";
import { createSessions } from "micropie";
import { openStore } from "./stores.js";

const { name, url, cookies, rate } = workerData;
const { backend, close } = await openStore(name, url);
const sessions = createSessions({ backend });
const TICK = 4;
let took = [];
let failed = 0;
let due = performance.now();

async function request(at) {
  try {
    const session = await sessions.load(cookies[Math.floor(Math.random() * cookies.length)]);
    session.visits = (session.visits ?? 0) + 1;
    await sessions.commit(session);
    took.push(performance.now() - at);
  } catch {
    failed += 1;
  }
}

const timer = setInterval(() => {
  for (; due <= performance.now(); due += 1000 / rate) void request(due);
}, TICK);

parentPort.on("message", async (message) => {
  if (message === "take") {
    parentPort.postMessage({ took: took.sort((one, other) => one - other), failed });
    took = [];
    failed = 0;
    return;
  }
  clearInterval(timer);
  await sessions.close();
  await close();
  process.exit();
});
parentPort.postMessage("ready");
