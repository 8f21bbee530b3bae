import { createSessions } from "micropie";
import { listening, port } from "../serve.js";
import { type Data, webApp } from "../web-app.ts";

// To store them in a file: backend: new SqliteSessionBackend("sessions.sqlite"), from micropie/backends/sqlite.
const sessions = createSessions<Data>();

Bun.serve({ port, hostname: "localhost", fetch: webApp(sessions) });
listening("Bun.serve");
