import cluster from "node:cluster";
import { App } from "../../src/index.ts";

/** A cluster of two workers that serve one App. Its primary prints the port, then what the workers warn of. */

class Site extends App {
  index() {
    return String(process.pid);
  }
}

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  cluster.on("message", (_, port: number) => console.log(port));
  process.stdin.on("end", () => {
    for (const worker of workers) worker.kill();
  });
  process.stdin.resume();
} else {
  process.on("warning", (warning) => console.log(`warning: ${(warning as NodeJS.ErrnoException).code}`));
  const { port } = await new Site().serve({ port: 0, hostname: "127.0.0.1" });
  process.send!(port);
}
