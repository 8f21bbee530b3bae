import { onServer } from "../servers/on-server.ts";
import { processCases } from "./cases.ts";

await onServer("redis-cluster", ({ nodes }) => {
  processCases("four processes on one Redis Cluster", () => ({
    kind: "redis-cluster",
    nodes,
    prefix: "processes:",
  }));
});
