import { createSessions } from "micropie";
import { listening, port } from "../serve.js";
import { type Data, webApp } from "../web-app.ts";

// To keep them in a file: backend: new SqliteSessionBackend("sessions.sqlite"), from micropie/backends/sqlite; that needs
// --allow-read and --allow-write, too.
const sessions = createSessions<Data>();

const onListen = () => listening("Deno.serve");
Deno.serve({ port, hostname: "localhost", onListen }, webApp(sessions));
