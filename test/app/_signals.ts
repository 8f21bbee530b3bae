/** A server that prints what it does, for the tests of signals. */
import { App } from "../../src/app/app.ts";

class Site extends App {
  async slow() {
    console.log("inside");
    await new Promise((resolve) => setTimeout(resolve, 200));
    return "done";
  }
}

const app = new Site();
app.shutdownHandlers.push(() => console.log("stopped"));
const { url } = await app.serve({ port: 0, hostname: "127.0.0.1" });
console.log(`listening ${url}`);
