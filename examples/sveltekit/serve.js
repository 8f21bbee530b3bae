import { createServer } from "node:http";
import { listening, port } from "../serve.js";

// SvelteKit compares the origin of a form with its own, which it assumes to be https.
process.env.PROTOCOL_HEADER ??= "x-forwarded-proto";
const { handler } = await import("./build/handler.js");

createServer((request, response) => {
  request.headers["x-forwarded-proto"] ??= "http";
  handler(request, response);
}).listen(port, "localhost", () => listening("SvelteKit"));
