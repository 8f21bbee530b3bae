import { AccessError, reasonOf, SessionError } from "../errors.ts";
import { noStore } from "./answer.ts";

/** The answer to an error. */
export interface ErrorParts {
  readonly status: number;
  readonly text: string;
  readonly type: string;
  /** Where a browser is sent instead. */
  readonly location?: string;
}

/** Errors that no error handler of a framework answers, and where to send their browser, if anywhere. */
const answered = new WeakMap<object, string | undefined>();

/**
 * Returns the answer to an error. It reveals no details, but an AccessError says in JSON what is asked for, and sends a browser
 * to where `leadTo` says.
 */
export function errorAnswer(error: unknown): ErrorParts {
  if (!(error instanceof AccessError)) {
    const status = error instanceof SessionError ? error.status : 500;
    return { status, text: reasonOf(status), type: "text/plain; charset=utf-8" };
  }
  const location = answered.get(error);
  // The browser must not send the form again.
  if (location !== undefined) return { status: 303, text: "", type: "text/plain; charset=utf-8", location };
  return { status: error.status, text: JSON.stringify(error), type: "application/json" };
}

/** Returns a Response for an error; see `errorAnswer`. */
export function errorResponse(error: unknown): Response {
  const { status, text, type, location } = errorAnswer(error);
  const headers = new Headers({ "Content-Type": type });
  noStore(headers);
  if (location !== undefined) headers.set("Location", location);
  return new Response(location === undefined ? text : null, { status, headers });
}

/** Takes the answer to this error from the framework, and sends the browser to `location`, if there is one. */
export function leadTo(error: AccessError, location: string | undefined): void {
  answered.set(error, location);
  answerItself(error);
}

/** Returns true if no error handler of a framework is to answer this error. */
export function isAnswered(error: unknown): boolean {
  return error instanceof AccessError && answered.has(error);
}

/** Throws the error. The methods that Hono (`getResponse`) and Elysia (`toResponse`) call return its answer. */
export function rethrow(error: unknown): never {
  if (error instanceof SessionError) answerItself(error);
  throw error;
}

function answerItself(error: SessionError): void {
  const method = { value: () => errorResponse(error), configurable: true };
  Object.defineProperties(error, { getResponse: method, toResponse: method });
}
