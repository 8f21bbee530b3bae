import { DurableObject, env } from "cloudflare:workers";
import { D1SessionBackend } from "micropie/backends/d1";
import { DurableObjectSessionBackend, SessionsObject } from "micropie/backends/durable-object";
import { OLDER } from "../backends/_workers/suite.ts";
import { type Place, play } from "./_play.ts";
import { scheduleIn } from "./_steps.ts";

const { DB, SESSIONS } = env;
const SHARDS = 2;

export class Sessions extends SessionsObject(DurableObject) {
  async age(seconds: number): Promise<void> {
    this.ctx.storage.sql.exec(`UPDATE sessions SET ${OLDER}`, seconds);
  }
}

let places = 0;

/** Three instances on one store, as three servers have it. */
const PLACES: Readonly<Record<string, () => Place>> = {
  d1() {
    const table = `place_${++places}`;
    const another = () => new D1SessionBackend(DB, { table });
    return {
      backends: [another(), another(), another()],
      ends: undefined,
      advance: async (seconds) => {
        await DB.prepare(`UPDATE ${table} SET ${OLDER}`).bind(seconds).all();
      },
    };
  },
  objects() {
    const name = `place-${++places}`;
    const another = () => new DurableObjectSessionBackend(SESSIONS, { name, shards: SHARDS });
    return {
      backends: [another(), another(), another()],
      ends: undefined,
      async advance(seconds) {
        for (let shard = 0; shard < SHARDS; shard++) {
          const object = SESSIONS.get(SESSIONS.idFromName(`${name}-${shard}`)) as Sessions;
          await object.age(seconds);
        }
      },
    };
  },
};

export default {
  /** Plays the schedules in the body, a line each. Answers 204, or 500 with the first step that is not the model's. */
  async fetch(request: Request): Promise<Response> {
    const place = PLACES[new URL(request.url).pathname.slice(1)]!();
    try {
      for (const line of (await request.text()).split("\n")) await play(scheduleIn(line), place);
      return new Response(null, { status: 204 });
    } catch (error) {
      return new Response(error instanceof Error ? error.message : String(error), { status: 500 });
    }
  },
};
