import { hash } from "node:crypto";
import type { LegacySeam } from "../../core/live.ts";
import { moveSessions } from "../../legacy/move.ts";
import { LEGACY_COOKIE } from "./client.ts";
import type { Place } from "./place.ts";

const COOKIE = new RegExp(`(?:^|; )${LEGACY_COOKIE}=(\\d+)`);

/** The sessions of another library: each client of the world has one, in a store of their own. */
export class OldSessions {
  readonly #sessions = new Map<string, string>();

  constructor(clients: number) {
    for (let client = 0; client < clients; client++) this.#sessions.set(String(client), `legacy_${client}`);
  }

  /** The option `legacy` of a server's engine. */
  seam({ call }: Place): LegacySeam {
    const removal = [`${LEGACY_COOKIE}=; Path=/; Max-Age=0`];
    return moveSessions({
      until: new Date(8.64e15),
      readers: [
        {
          removal,
          find: (header) => {
            const id = COOKIE.exec(header)?.[1];
            if (id === undefined) return [];
            const read = async () => {
              const old = await call("the old store: get", () => this.#sessions.get(id), "read");
              return old === undefined ? undefined : { data: { old } };
            };
            const end = async (): Promise<void> => {
              await call("the old store: delete", () => this.#sessions.delete(id), "remove");
            };
            return [{ fingerprint: hash("sha256", `old session ${id}`, "base64url"), read, end }];
          },
        },
      ],
    });
  }
}
