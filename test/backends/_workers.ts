import { backendSuite } from "micropie/testing";
import { describe, expect, test } from "vitest";
import { onWorkerd, type WorkerdOptions } from "../servers/miniflare.ts";
import type { Asked, Came } from "./_workers/control.ts";

/**
 * The back-end suite, with every case run by a Worker: so the engine runs in workerd too, and the binding is called
 * where it is at home. Through miniflare's proxy each call takes ten times as long as the calls that are to overlap.
 */
export async function suiteInWorkerd(name: string, options: WorkerdOptions): Promise<void> {
  const create = () => Promise.reject(new Error("runs in workerd"));
  await onWorkerd(options, ({ ask }) => {
    describe(name, () => {
      for (const { name } of backendSuite({ create })) {
        test(name, async () => {
          const response = await ask("", { method: "POST", body: name });
          expect(await response.text()).toBe("");
          expect(response.status).toBe(204);
        });
      }
    });
  });
}

/** Calls of a back-end that runs in a Worker, which is `_workers/control.ts`. */
export interface Control {
  /** What the call answered. Throws if it failed. */
  value(asked: Asked): Promise<unknown>;
  /** All that came of it, also of one that failed. */
  ask(asked: Asked): Promise<Came>;
}

/** Defines tests that have such calls made. */
export async function onControl(define: (control: Control) => void): Promise<void> {
  const main = new URL("_workers/control.ts", import.meta.url);
  const options = { main, d1Databases: ["DB"], durableObjects: { SESSIONS: "Sessions" } };
  await onWorkerd(options, ({ ask: request }) => {
    const ask = async (asked: Asked): Promise<Came> => {
      const response = await request("", { method: "POST", body: JSON.stringify(asked) });
      return (await response.json()) as Came;
    };
    const value = async (asked: Asked): Promise<unknown> => {
      const { value, error } = await ask(asked);
      if (error !== undefined) throw new Error(`${error.name}: ${error.message}`);
      return value;
    };
    define({ ask, value });
  });
}
