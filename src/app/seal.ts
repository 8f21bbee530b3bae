import { carrierOf, noStore, varyOnCookie, varyOnSession, warnIfDropped } from "../core/response-headers.ts";
import { farewellsOf } from "../core/sessions.ts";
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
      headers === TEXT && exchange.sessions.options.header === undefined
        ? VARIED_TEXT
        : withHeader(headers, "vary", varyOnSession(headerValue(headers, "vary"), exchange.sessions));
  }
  if (cookie !== undefined) {
    const carrier = carrierOf(exchange.sessions, exchange.token).toLowerCase();
    const others = headers.filter(([name, value]) =>
      carrier === "set-cookie" ? name !== carrier || !isSameCookie(value, cookie) : name !== carrier,
    );
    headers = withHeader(others, "cache-control", noStore(headerValue(headers, "cache-control")));
    headers = [...headers, ...farewells(exchange), [carrier, cookie]];
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
  if (exchange.looked) headers.set("vary", varyOnSession(headers.get("vary"), exchange.sessions));
  if (cookie !== undefined) {
    headers.set("cache-control", noStore(headers.get("cache-control")));
    const carrier = carrierOf(exchange.sessions, exchange.token);
    if (carrier === "Set-Cookie") {
      const others = headers.getSetCookie().filter((line) => !isSameCookie(line, cookie));
      headers.delete(carrier);
      for (const line of others) headers.append(carrier, line);
      for (const [, line] of farewells(exchange)) headers.append(carrier, line);
      headers.append(carrier, cookie);
    } else {
      headers.set(carrier, cookie);
    }
  }
  if (!head) return response;
  drop(response.body);
  return new exchange.Response(null, { status: response.status, statusText: response.statusText, headers });
}

function farewells({ session }: Exchange): [string, string][] {
  if (session === undefined) return [];
  return farewellsOf(session).map((line) => ["set-cookie", line]);
}

function warn({ sessions, raw, token }: Exchange): void {
  if (token !== undefined) return;
  if (!sessions.options.cookie.secure) return;
  warnIfDropped(sessions, {
    secure: urlOf(raw).startsWith("https:"),
    host: raw.headers.get("host"),
    forwardedProto: raw.headers.get("x-forwarded-proto"),
  });
}
