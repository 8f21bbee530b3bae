import { noStore, varyOnCookie, warnIfDropped } from "../core/response-headers.ts";
import { type Answer, type Outcome, TEXT, toOwnResponse } from "./answer.ts";
import { type Exchange, urlOf } from "./exchange.ts";
import { type HeaderPairs, headerValue, isSameCookie, withHeader } from "./headers.ts";
import { drop } from "./stream.ts";

const VARIED_TEXT: HeaderPairs = withHeader(TEXT, "vary", varyOnCookie(undefined));

/**
 * Puts on the answer what the session owes it: our Set-Cookie (the only one of its name) with `no-store`, and
 * `Vary: Cookie` if the application looked. From here on the headers count as sent. HEAD loses its body.
 */
export function seal(exchange: Exchange, outcome: Outcome, cookie: string | undefined): Outcome {
  exchange.headersSent = true;
  if (cookie !== undefined) warn(exchange);
  return outcome instanceof Response
    ? sealResponse(exchange, outcome, cookie)
    : sealAnswer(exchange, outcome, cookie);
}

function sealAnswer(exchange: Exchange, answer: Answer, cookie: string | undefined): Answer {
  let { headers } = answer;
  if (exchange.looked) {
    headers =
      headers === TEXT
        ? VARIED_TEXT
        : withHeader(headers, "vary", varyOnCookie(headerValue(headers, "vary")));
  }
  if (cookie !== undefined) {
    const others = headers.filter(([name, value]) => name !== "set-cookie" || !isSameCookie(value, cookie));
    headers = withHeader(others, "cache-control", noStore(headerValue(headers, "cache-control")));
    headers = [...headers, ["set-cookie", cookie]];
  }
  if (exchange.method === "HEAD") return headOf({ ...answer, headers });
  return headers === answer.headers ? answer : { status: answer.status, headers, body: answer.body };
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

function sealResponse(exchange: Exchange, given: Response, cookie: string | undefined): Response {
  const head = exchange.method === "HEAD";
  if (!exchange.looked && cookie === undefined && !head) return given;
  const response = toOwnResponse(exchange, given);
  const { headers } = response;
  if (exchange.looked) headers.set("vary", varyOnCookie(headers.get("vary")));
  if (cookie !== undefined) {
    const others = headers.getSetCookie().filter((line) => !isSameCookie(line, cookie));
    headers.delete("set-cookie");
    for (const line of others) headers.append("set-cookie", line);
    headers.append("set-cookie", cookie);
    headers.set("cache-control", noStore(headers.get("cache-control")));
  }
  if (!head) return response;
  drop(response.body);
  return new exchange.Response(null, { status: response.status, statusText: response.statusText, headers });
}

function warn({ sessions, raw }: Exchange): void {
  if (!sessions.options.cookie.secure) return;
  warnIfDropped(sessions, {
    secure: urlOf(raw).startsWith("https:"),
    host: raw.headers.get("host"),
    forwardedProto: raw.headers.get("x-forwarded-proto"),
  });
}
