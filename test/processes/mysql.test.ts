import { onServer } from "../servers/on-server.ts";
import { processCases } from "./cases.ts";

await onServer("mariadb", ({ url }) => {
  processCases("four processes on one MariaDB", () => ({ kind: "mysql", url, table: "processes" }));
});
