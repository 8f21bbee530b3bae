import { onServer } from "../servers/on-server.ts";
import { processCases } from "./cases.ts";

await onServer("redis", ({ url }) => {
  processCases("four processes on one Redis", () => ({ kind: "redis", url, prefix: "processes:" }));
});
