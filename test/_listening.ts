import type { Awaitable, EndChannel, EndListener } from "micropie/backends/backend";
import { GatedBackend } from "micropie/testing";
import { expect } from "vitest";
import { until } from "./_until.ts";

/** A back-end that knows whether its channel is open. */
export class Listening extends GatedBackend {
  /** How many channels have carried a beat until now. */
  opened = 0;
  /** How many calls there were when the last one first did. */
  #before = 0;

  override listen(listener: EndListener): Awaitable<EndChannel | undefined> {
    let isOpen = false;
    return super.listen({
      told: (notice) => listener.told(notice),
      lost: () => listener.lost(),
      heard: (text) => {
        if (!isOpen) {
          this.opened++;
          this.#before = this.calls.length;
        }
        isOpen = true;
        listener.heard(text);
      },
    });
  }

  /** Resolves when this many channels have been opened, and what is watched was asked for since: from then on it is told. */
  async isTold(opened = 1): Promise<void> {
    await until(() => {
      expect(this.opened).toBeGreaterThanOrEqual(opened);
      expect(this.calls.slice(this.#before)).toContain("standings");
    });
  }
}
