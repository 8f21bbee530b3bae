import { SessionError } from "../errors.ts";
import { type Answer, TEXT } from "./answer.ts";
import { type HeaderPairs, toPairs } from "./headers.ts";
import { errorText, HttpError } from "./http-error.ts";

/** When a client may try again after the back-end failed, in seconds. */
const RETRY_AFTER = "5";

/**
 * The answer for what a request failed with. Only the message of an HttpError is told; anything else says no more than
 * its status, and goes to stderr with its trace.
 */
export function answerToFailure(error: unknown): Answer {
  if (error instanceof HttpError) return answerToHttpError(error);
  if (error instanceof SessionError) {
    const { status } = error;
    if (status >= 500) console.error(error);
    const headers: HeaderPairs = status === 503 ? [...TEXT, ["retry-after", RETRY_AFTER]] : TEXT;
    return { status, headers, body: errorText(status, "") };
  }
  console.error(error);
  return { status: 500, headers: TEXT, body: errorText(500, "") };
}

function answerToHttpError(error: HttpError): Answer {
  const { status, message } = error;
  if (status >= 500) console.error(error);
  try {
    return { status, headers: [...TEXT, ...toPairs(error.headers)], body: errorText(status, message) };
  } catch (headerError) {
    return answerToFailure(headerError);
  }
}
