/** A server that prints what it does, for the tests of signals. */
import { App } from "../../src/app/app.ts";

class Site extends App {
  async slow() {
    const told = new Promise((resolve) => {
      for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => setImmediate(resolve));
    });
    console.log("inside");
    await told;
    return "done";
  }
}

const app = new Site();
app.shutdownHandlers.push(() => console.log("stopped"));
const { url } = await app.serve({ port: 0, hostname: "127.0.0.1" });
console.log(`listening ${url}`);
