import { startMariadb } from "../servers/mariadb.ts";
import { onServer } from "../servers/on-server.ts";
import { faultCases } from "./cases.ts";

await onServer("mariadb", () => {
  faultCases("MariaDB", {
    start: () => startMariadb(),
    at: (port) => ({
      kind: "mysql",
      url: `mysql://micropie:micropie@127.0.0.1:${port}/micropie`,
      table: "sessions",
      silence: 2,
    }),
  });
});
