import { createSessions } from "micropie";
import { listening, port } from "../serve.js";
import { type Data, webApp } from "../web-app.ts";

// To store them in a file: backend: new SqliteSessionBackend("sessions.sqlite"), from micropie/backends/sqlite. It also needs
// --allow-read and --allow-write.
const sessions = createSessions<Data>();

const onListen = () => listening("Deno.serve");
Deno.serve({ port, hostname: "localhost", onListen }, webApp(sessions));
