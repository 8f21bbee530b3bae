import { onServer } from "../servers/on-server.ts";
import { processCases } from "./cases.ts";

await onServer("postgres", ({ url }) => {
  processCases("four processes on one PostgreSQL", () => ({ kind: "postgres", url, table: "processes" }));
});
