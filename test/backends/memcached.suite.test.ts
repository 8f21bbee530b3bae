import { randomBytes } from "node:crypto";
import { MemcachedSessionBackend } from "micropie/backends/memcached";
import { backendSuite, withClock } from "micropie/testing";
import { test } from "vitest";
import { onServer } from "../servers/on-server.ts";

await onServer("memcached", (server) => {
  const suite = backendSuite({
    create: ({ now }) => {
      const prefix = `${randomBytes(9).toString("base64url")}:`;
      return { backend: withClock(new MemcachedSessionBackend(server, { prefix }), now) };
    },
  });
  for (const { name, run } of suite) test(name, run);
});
