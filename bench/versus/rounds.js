/**
 * Measures a program without sessions, with the old build and with the new one. Each round starts three fresh processes,
 * because a process keeps some per cent of luck, good or bad, for all of its life. Within a round they take short turns,
 * because the machine is faster at one time than at another.
 */
import { makeSessions } from "../lib/check.js";
import { measure } from "../lib/load.js";
import { answer, run, start } from "../lib/servers.js";

const WARM_UP_US = 1_000_000;
const TURN_US = 40_000;
/** Autocannon opens its connections anew each time. */
const HTTP_TURN_US = 400_000;

/** Returns the µs per request in each turn of each of `folders`, in their order; `undefined` is the bare program. */
export async function measureRound({ on, folders, path, turns, pinned, overHttp, quick, anonymous }) {
  const open = overHttp ? openServer : openChild;
  const us = overHttp ? HTTP_TURN_US : TURN_US;
  const children = [];
  try {
    for (const folder of folders) children.push(await open(on, folder, path, pinned, anonymous));
    for (const child of children) await child.measure(quick ? us : WARM_UP_US);
    const found = children.map(() => []);
    for (let turn = 0; turn < turns; turn++) {
      for (let i = 0; i < children.length; i++) {
        const which = (i + turn) % children.length;
        found[which].push(await children[which].measure(us));
      }
    }
    return found;
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
}

const argsOf = (on, folder) => ["--on", on, ...(folder === undefined ? [] : ["--library", folder])];

/** Requests within the process. */
async function openChild(on, folder, path, pinned, anonymous) {
  const name = `${on}, ${folder ?? "bare"}`;
  const child = run("versus/child.js", argsOf(on, folder), { pinned });
  await answer(child, name);
  return {
    async measure(us) {
      const reply = answer(child, name);
      child.send({ path, us, anonymous });
      return (await reply).us;
    },
    stop() {
      const closed = new Promise((resolve) => child.once("exit", resolve));
      child.disconnect();
      return closed;
    },
  };
}

/** Requests over real connections, from this process. */
async function openServer(on, folder, path, pinned) {
  const server = { name: `${on}, ${folder ?? "bare"}`, file: "../versus/child.js" };
  const running = await start({ ...server, args: [...argsOf(on, folder), "--listen"] }, pinned);
  const cookies =
    folder === undefined ? [`session_id=${"A".repeat(48)}`] : await makeSessions(running.port, 100);
  running.storeCpu = () => 0;
  return {
    // A server that is loaded is busy nearly all of the time.
    measure: async (us) => (await measure(running, { name: path, path }, cookies, us / 1e6)).us,
    stop: () => running.stop(),
  };
}
