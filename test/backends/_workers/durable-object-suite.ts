import { DurableObject } from "cloudflare:workers";
import {
  DurableObjectSessionBackend,
  type SessionsNamespace,
  SessionsObject,
} from "micropie/backends/durable-object";
import { OLDER, runCase } from "./suite.ts";

const SHARDS = 4;

export class Sessions extends SessionsObject(DurableObject) {
  async age(seconds: number): Promise<void> {
    this.ctx.storage.sql.exec(`UPDATE sessions SET ${OLDER}`, seconds);
  }
}

let cases = 0;

export default {
  fetch: (request: Request, { SESSIONS }: { SESSIONS: SessionsNamespace }): Promise<Response> =>
    runCase(request, () => {
      const name = `case-${++cases}`;
      return {
        backend: new DurableObjectSessionBackend(SESSIONS, { name, shards: SHARDS }),
        advance: async (seconds) => {
          for (let shard = 0; shard < SHARDS; shard++) {
            const object = SESSIONS.get(SESSIONS.idFromName(`${name}-${shard}`)) as Sessions;
            await object.age(seconds);
          }
        },
      };
    }),
};
