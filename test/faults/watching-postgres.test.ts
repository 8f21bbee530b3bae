import { onServer } from "../servers/on-server.ts";
import { startPostgres } from "../servers/postgres.ts";
import { watchCases } from "./watching.ts";

await onServer("postgres", () => {
  watchCases("PostgreSQL", {
    start: () => startPostgres(),
    at: (port) => ({
      kind: "postgres",
      url: `postgres://micropie:micropie@127.0.0.1:${port}/micropie`,
      table: "sessions",
      silence: 2,
    }),
  });
});
