import { spawnSync } from "node:child_process";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createSessions } from "micropie";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { signal } from "micropie/sockets/signal";
import { GatedBackend, virtualEnvironment } from "micropie/testing";
import { expect, test } from "vitest";
import { until } from "../_until.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** A store without a channel, so that each watched session shows as a question. */
class Mute extends GatedBackend {
  override listen(): undefined {}
}

async function watched() {
  const environment = virtualEnvironment();
  const backend = new Mute(new InMemorySessionBackend());
  const sessions = createSessions<{ visits?: number }>({ backend, environment });
  const first = await sessions.load();
  first.visits = 1;
  const cookie = (await sessions.commit(first))!.split(";")[0]!;
  return {
    sessions,
    load: () => sessions.load(cookie),
    /** Whether the session is asked for within two seconds. */
    async isAsked() {
      gc();
      await new Promise(setImmediate);
      backend.forget();
      environment.advance(2);
      return backend.count("standings") > 0;
    },
  };
}

test("when nobody holds a signal and nobody listens to it, its session is not watched any more", async () => {
  const { load, isAsked } = await watched();
  const session = await load();
  for (let n = 0; n < 3; n++) signal(session);
  await until(async () => expect(await isAsked()).toBe(false));
  const kept = signal(session);
  expect(await isAsked()).toBe(true);
  expect(kept.aborted).toBe(false);
});

test("a signal that somebody only listens to still aborts", async () => {
  const { sessions, load, isAsked } = await watched();
  const ends: string[] = [];
  const listen = async (): Promise<void> => {
    const session = await load();
    const own = signal(session);
    own.addEventListener("abort", () => ends.push(own.reason.reason));
  };
  await listen();
  for (let n = 0; n < 5; n++) expect(await isAsked()).toBe(true);
  const session = await load();
  delete session.visits;
  await sessions.commit(session);
  expect(ends).toEqual(["logged_out"]);
});

test("what is watched keeps no process alive", () => {
  const program = `
    import { createSessions } from "micropie";
    import { SqliteSessionBackend } from "micropie/backends/sqlite";
    for (const backend of [undefined, new SqliteSessionBackend(":memory:")]) {
      const sessions = createSessions({ backend });
      const session = await sessions.load();
      session.visits = 1;
      await sessions.commit(session);
      sessions.watch(session, () => {});
    }
    console.log("done");`;
  const hooks = new URL("../_from-source.ts", import.meta.url).href;
  const { stdout, status } = spawnSync(
    process.execPath,
    ["--import", hooks, "--input-type=module", "-e", program],
    {
      encoding: "utf8",
      timeout: 60_000,
      cwd: new URL("../..", import.meta.url),
    },
  );
  expect({ stdout, status }).toEqual({ stdout: "done\n", status: 0 });
});
