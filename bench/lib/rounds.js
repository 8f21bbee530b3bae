/** Interleaved rounds: every server is measured once on every load, round after round. */
import { setTimeout as sleep } from "node:timers/promises";
import { check, makeSessions } from "./check.js";
import { measure } from "./load.js";
import { start } from "./servers.js";

const QUIET = 0.12;
// Optimizing compilers take thousands of requests; the slowest rivals need about three seconds.
const WARMUP_SECONDS = 3;

/**
 * Answers `{ measurements, checks }`. `inspect(server, port)`, if given, looks at a server after it was checked and
 * before it is measured; what it answers is kept beside the check. `storeCpu(server)` reads the CPU µs that the store
 * of a server has used so far.
 */
export async function runRounds({ servers, loads, rounds, seconds, quick, pinned, inspect, storeCpu }) {
  const warmup = Math.max(0.5, WARMUP_SECONDS / loads.length);
  const sessions = loads.some((load) => load.cookies > 1) ? 1000 : 1;
  const running = new Map();
  const measurements = [];
  const checks = {};
  let repeats = servers.length * loads.length * rounds * 0.5;

  /** Measures again while somebody else used the machine, as long as there are repeats left. */
  async function measureQuietly(server, load, round) {
    const { process: child, cookies } = running.get(server.name);
    const sent = server.kind === "floor" ? cookies.slice(0, 1) : cookies.slice(0, load.cookies);
    for (;;) {
      const figures = await measure(child, load, load.cookies === 0 ? [] : sent, seconds);
      const noisy = figures.others > QUIET;
      if (!noisy || quick || repeats <= 0) {
        measurements.push({ server: server.name, load: load.name, round, ...figures, noisy });
        return figures;
      }
      repeats--;
      await sleep(500);
    }
  }

  try {
    for (const server of servers) {
      process.stderr.write(`starting ${server.name}\n`);
      const child = await start(server, pinned);
      child.storeCpu = () => storeCpu?.(server) ?? 0;
      running.set(server.name, { process: child });
      checks[server.name] = {
        ...(await check(server, child.port)),
        ...(await inspect?.(server, child.port)),
      };
      // A floor has no sessions, but gets a cookie of the usual length so that its parser has the same work.
      const cookies =
        server.kind === "floor"
          ? [`session_id=${"A".repeat(43)}`]
          : await makeSessions(child.port, quick ? 32 : sessions);
      running.get(server.name).cookies = cookies;
      if (quick) continue;
      for (const load of loads)
        await measure(child, load, load.cookies === 0 ? [] : cookies.slice(0, 1), warmup);
    }
    for (let round = 1; round <= rounds; round++) {
      for (const load of loads) {
        for (const server of servers) {
          if (server.only && !server.only.includes(load.name)) continue;
          const { us, others } = await measureQuietly(server, load, round);
          const noise = others > QUIET ? `  (others used ${(others * 100).toFixed(0)} %)` : "";
          process.stderr.write(
            `${round}/${rounds}  ${load.name.padEnd(16)}${server.name.padEnd(22)}${us.toFixed(1).padStart(7)} µs${noise}\n`,
          );
        }
      }
    }
  } finally {
    await Promise.all([...running.values()].map(({ process: child }) => child.stop()));
  }
  return { measurements, checks };
}
