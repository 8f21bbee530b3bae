/**
 * A streamed response: the session is saved before the first byte, and later changes at the end.
 *
 *     npx micropie examples/stream.ts
 *     curl -N -c jar -b jar http://localhost:8000/
 */
import { setTimeout } from "node:timers/promises";
import { App } from "micropie";

class Countdown extends App<{ started: number; finished: number }> {
  async *index() {
    const { session } = this.request;
    session.started = (session.started ?? 0) + 1;
    yield `Started ${session.started} times, finished ${session.finished ?? 0} times.\n`;
    for (let count = 3; count > 0; count--) {
      await setTimeout(100);
      yield `${count}\n`;
    }
    session.finished = (session.finished ?? 0) + 1;
    yield "Done.\n";
  }
}
export default new Countdown();
