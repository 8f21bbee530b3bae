import { AccessError, SessionError } from "../errors.ts";
import { noStore } from "../visit/answer.ts";
import { errorAnswer } from "../visit/error-parts.ts";
import { printError } from "../visit/printed.ts";
import { type Answer, TEXT } from "./answer.ts";
import { type HeaderPairs, PairHeaders, toPairs } from "./headers.ts";
import { errorText, HttpError } from "./http-error.ts";

/** The `Retry-After` header of a 503, in seconds. */
const RETRY_AFTER = "5";

/**
 * Returns the response for an error that a request failed with. It contains the message of an HttpError, what an AccessError
 * asks for, and only the status for any other error. Errors with a status of 500 or above are printed to stderr with their stack trace; see `printError`.
 */
export function answerToFailure(error: unknown): Answer {
  if (error instanceof HttpError) return answerToHttpError(error);
  if (error instanceof AccessError) return answerToAccessError(error);
  const status = error instanceof SessionError ? error.status : 500;
  if (status >= 500) printError(error);
  const headers: HeaderPairs = status === 503 ? [...TEXT, ["retry-after", RETRY_AFTER]] : TEXT;
  return { status, headers, body: errorText(status, "") };
}

function answerToAccessError(error: AccessError): Answer {
  const { status, text, type, location } = errorAnswer(error);
  const headers = new PairHeaders(
    location === undefined ? [["content-type", type]] : [["location", location]],
  );
  noStore(headers);
  return { status, headers: headers.pairs, body: location === undefined ? text : null };
}

function answerToHttpError(error: HttpError): Answer {
  const { status, message } = error;
  if (status >= 500) printError(error);
  try {
    return { status, headers: [...TEXT, ...toPairs(error.headers)], body: errorText(status, message) };
  } catch (headerError) {
    return answerToFailure(headerError);
  }
}
