/** Answers of the application as Fastify gives them. */
import { Readable } from "node:stream";

export function answerOnFastify(reply, { status, headers, body }) {
  if (status === 302) return reply.redirect(headers.location);
  return reply
    .status(status)
    .headers(headers)
    .send(typeof body === "string" ? body : Readable.from(body));
}
