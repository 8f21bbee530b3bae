import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Examination } from "./arguments.ts";
import { readSetCookie, type SeenCookie } from "./seen-cookie.ts";

/** What a server answered, without the body. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly cookies: readonly SeenCookie[];
}

/** Milliseconds until an answer must begin, and those that its body gets, as an event stream has no end. */
const PATIENCE = 10_000;
const BODY = 1000;
/** An answer may have this many bytes of headers, so that a cookie that is too large arrives. */
const MOST = 256 * 1024;

/**
 * Sends a request with the cookies, on a connection of its own: processes behind one port share connections out, not
 * requests. Resolves when the answer has ended, as some libraries save between its head and its end; if it has no end, after a
 * second. Rejects if no answer begins within ten seconds.
 */
export async function ask(
  { url, method, data }: Examination,
  cookies: readonly SeenCookie[] = [],
): Promise<Answer> {
  const request = url.protocol === "https:" ? requestHttps : requestHttp;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(url, {
    method,
    headers: headersOf(url, method, data, cookies),
    agent: false,
    maxHeaderSize: MOST,
  });
  const late = setTimeout(() => sent.destroy(new Error("no answer within 10 seconds")), PATIENCE);
  sent.on("error", reject);
  sent.on("response", (response) => {
    clearTimeout(late);
    const headers = new Headers();
    const { rawHeaders } = response;
    for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at]!, rawHeaders[at + 1]!);
    const { statusCode: status = 0 } = response;
    const answer = { status, headers, cookies: headers.getSetCookie().map(readSetCookie) };
    const enough = setTimeout(() => sent.destroy(), BODY);
    response
      .on("error", () => {})
      .on("close", () => {
        clearTimeout(enough);
        resolve(answer);
      });
    response.resume();
  });
  sent.end(data);
  try {
    return await promise;
  } finally {
    clearTimeout(late);
  }
}

function headersOf(
  { origin }: URL,
  method: string,
  data: string | undefined,
  cookies: readonly SeenCookie[],
): Record<string, string> {
  return {
    // As a browser: the cookie is for browsers, and some servers look at this.
    "User-Agent": "Mozilla/5.0 (compatible; micropie doctor)",
    Accept: "text/html,*/*;q=0.8",
    ...(/^(GET|HEAD)$/.test(method) ? {} : { Origin: origin }),
    ...(data === undefined ? {} : { "Content-Type": typeOf(data) }),
    ...(cookies.length === 0
      ? {}
      : { Cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; ") }),
  };
}

function typeOf(data: string): string {
  return /^\s*[{[]/.test(data) ? "application/json" : "application/x-www-form-urlencoded";
}
