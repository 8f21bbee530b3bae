import { answerTo } from "./_answer.ts";
import type { HeldResponse } from "./_response.ts";
import type { HeldVisit } from "./_visits.ts";

/** Names of headers that hold for any answer, and tell nothing about one. */
const OF_ANY_ANSWER =
  /^(?:vary|access-control-.*|content-security-policy.*|cross-origin-.*|.*-policy|strict-transport-security|x-content-type-options|x-frame-options)$/;

/** Names of headers that describe one answer. */
export const OF_ONE_ANSWER: RegExp =
  /^(?:content-(?!security-policy).*|etag|last-modified|expires|cache-control|location|set-cookie|accept-ranges|transfer-encoding|trailer)$/;

/**
 * Makes room for an error answer in place of one that is thrown away. If a framework answers, what its other
 * middleware set stays, as it does after any error; else only headers that tell nothing.
 */
export function prepareErrorHead(
  res: HeldResponse,
  error: unknown,
  visit: HeldVisit,
  framework: boolean,
): void {
  if (!visit.http2) res.statusMessage = "";
  res.statusCode = answerTo(error).status;
  for (const name of res.getHeaderNames()) {
    if (framework ? OF_ONE_ANSWER.test(name) : !OF_ANY_ANSWER.test(name)) res.removeHeader(name);
  }
  res.setHeader("Cache-Control", "no-store");
  if (!framework) res.setHeader("Content-Type", "text/plain; charset=utf-8");
}
