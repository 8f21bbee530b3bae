import { createServer } from "node:http";
import next from "next";
import { listening, port } from "../serve.js";

const app = next({ dir: import.meta.dirname, hostname: "localhost", port });
await app.prepare();
createServer(app.getRequestHandler()).listen(port, "localhost", () => listening("Next.js"));
