// An App with its message in a file of its own, for a command to serve, and to restart when that file changes.
import { App } from "micropie";
import { message } from "./message.ts";

class Counter extends App<{ visits: number }> {
  index(): string {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    return `${message} ${session.visits}`;
  }

  async *silent(seconds: string): AsyncGenerator<string> {
    yield "before, ";
    await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
    yield "after";
  }
}
export default new Counter();
