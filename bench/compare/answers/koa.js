/** Answers of the application as Koa gives them. */
import { Readable } from "node:stream";

export function answerOnKoa(ctx, { status, headers, body }) {
  if (status === 302) {
    ctx.redirect(headers.location);
    return;
  }
  ctx.status = status;
  ctx.set(headers);
  ctx.body = typeof body === "string" ? body : Readable.from(body);
}
