import { addDue, isDue } from "../visit/answer.ts";
import { type Answer, type Outcome, TEXT, toOwnResponse } from "./answer.ts";
import type { Exchange } from "./exchange.ts";
import { type HeaderPairs, PairHeaders, withHeader } from "./headers.ts";
import { drop } from "./stream.ts";

/** The headers of most answers, made once. */
const VARIED_TEXT: HeaderPairs = varied(TEXT);

/**
 * Adds to the answer what it must carry because of the session. From here on the headers count as sent. HEAD loses its
 * body.
 */
export function seal(exchange: Exchange, outcome: Outcome): Outcome {
  exchange.headersSent = true;
  return outcome instanceof Response ? sealResponse(exchange, outcome) : sealAnswer(exchange, outcome);
}

function sealAnswer({ visit, method }: Exchange, answer: Answer): Answer {
  const { status, body } = answer;
  let { headers } = answer;
  if (headers === TEXT && visit.line === undefined && visit.vary === "Cookie" && !visit.isPrivate) {
    if (visit.varies) headers = VARIED_TEXT;
  } else if (isDue(visit)) {
    const added = new PairHeaders(headers);
    addDue(added, visit);
    headers = added.pairs;
  }
  if (method === "HEAD") return headOf({ status, headers, body });
  return headers === answer.headers ? answer : { status, headers, body };
}

function varied(pairs: HeaderPairs): HeaderPairs {
  const headers = new PairHeaders(pairs);
  addDue(headers, { varies: true, vary: "Cookie", line: undefined });
  return headers.pairs;
}

/** The headers that GET would have, its length among them. */
function headOf({ status, headers, body }: Answer): Answer {
  if (body === null) return { status, headers, body };
  if (body instanceof ReadableStream) {
    drop(body);
    return { status, headers, body: null };
  }
  const length = typeof body === "string" ? new TextEncoder().encode(body).byteLength : body.byteLength;
  return { status, headers: withHeader(headers, "content-length", String(length)), body: null };
}

function sealResponse(exchange: Exchange, given: Response): Response {
  const isHead = exchange.method === "HEAD";
  if (!isDue(exchange.visit) && !isHead) return given;
  const response = toOwnResponse(exchange, given);
  const { status, statusText, headers } = response;
  addDue(headers, exchange.visit);
  if (!isHead) return response;
  drop(response.body);
  return new exchange.Response(null, { status, statusText, headers });
}
