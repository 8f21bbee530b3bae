import { onServer } from "../servers/on-server.ts";
import { processCases } from "./cases.ts";

await onServer("memcached", ({ host, port }) => {
  processCases("four processes on one memcached", () => ({
    kind: "memcached",
    host,
    port,
    prefix: "processes:",
  }));
});
