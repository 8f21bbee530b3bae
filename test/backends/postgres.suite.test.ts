import { backendSuite } from "micropie/testing";
import { afterAll, describe, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { newCase, OPENERS } from "./_postgres.ts";

for (const [server, prepare] of [
  ["postgres", true],
  ["pgbouncer", false],
] as const) {
  await onServer(server, ({ url }) => {
    describe.each(Object.entries(OPENERS))("PostgresSessionBackend on %s", (_, open) => {
      const opened = open(url);
      afterAll(() => opened.end());
      const create = async () => {
        const { backend, advance, drop } = newCase(opened, { prepare });
        // Cases may move the clock of a store in which nothing is yet.
        await backend.ready();
        return { backend, advance, close: drop };
      };
      for (const { name, run } of backendSuite({ create })) test(name, run);
    });
  });
}
