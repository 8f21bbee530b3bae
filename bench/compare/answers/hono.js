/** Answers of the application as Hono gives them. */
import { bytes } from "./web.js";

export function answerOnHono(c, { status, headers, body }) {
  if (status === 302) return c.redirect(headers.location);
  if (typeof body === "string") return c.text(body, status, headers);
  return c.body(bytes(body), status, headers);
}
