import { onServer } from "../servers/on-server.ts";
import { startRedis } from "../servers/redis.ts";
import { watchCases } from "./watching.ts";

// The shared one tells whether a Redis can be had here; what is broken is one of these cases' own.
await onServer("redis", () => {
  watchCases("Redis", {
    start: () => startRedis(),
    at: (port) => ({ kind: "redis", url: `redis://127.0.0.1:${port}`, prefix: "session:", silence: 2 }),
  });
});
