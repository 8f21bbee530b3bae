import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import {
  createSessions,
  InMemorySessionBackend,
  login,
  logout,
  type SessionData,
  type SessionOptions,
  type Sessions,
} from "micropie";
import { nodeSessions } from "micropie/adapters/node";
import { GatedBackend } from "micropie/testing";
import { CookieJar } from "tough-cookie";
import { onTestFinished } from "vitest";
import { type LegacyOptions, type LegacyReader, moveSessions } from "../../src/legacy/move.ts";

/** Serves until the test is over; answers the address. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The same application after the change. */
export interface NewSite {
  readonly url: string;
  readonly sessions: Sessions;
  readonly backend: GatedBackend;
}

/** `/` shows the session, `/set?key=value` writes, `/login?ann` signs in, `/logout` out, `/fail` throws. */
export async function newSite(
  reader: LegacyReader | readonly LegacyReader[],
  legacy: Partial<LegacyOptions> = {},
  options: SessionOptions = {},
): Promise<NewSite> {
  const backend = new GatedBackend(new InMemorySessionBackend());
  const sessions = createSessions({
    backend,
    legacy: moveSessions({ readers: [reader].flat(), until: new Date(Date.now() + 86_400_000), ...legacy }),
    ...options,
  });
  const listener = nodeSessions(
    sessions,
    ({ session, url }, res) => {
      const { pathname, search, searchParams } = new URL(url!, "http://x");
      if (pathname === "/set") Object.assign(session, Object.fromEntries(searchParams));
      if (pathname === "/login") login(session, search.slice(1));
      if (pathname === "/logout") logout(session);
      if (pathname === "/fail") throw new Error("as asked");
      res.end(JSON.stringify(session));
    },
    { onError: () => {} },
  );
  return { url: await serve(listener), sessions, backend };
}

/** A browser; it does not tell ports apart, so the old site and the new one are the same to it. */
export class Visitor {
  readonly #jar: CookieJar = new CookieJar();
  /** The Set-Cookie lines of the last answer. */
  setCookie: string[] = [];
  status = 0;

  /** The session that the page shows. */
  async see(url: string, path = "/"): Promise<SessionData> {
    const { body } = await this.get(url, path);
    return JSON.parse(body) as SessionData;
  }

  async get(url: string, path = "/"): Promise<{ status: number; body: string; setCookie: string[] }> {
    const cookie = this.#jar.getCookieStringSync(url + path);
    const answer = await fetch(url + path, { headers: cookie === "" ? {} : { cookie } });
    const setCookie = answer.headers.getSetCookie();
    for (const line of setCookie) this.#jar.setCookieSync(line, url + path, { ignoreError: false });
    this.setCookie = setCookie;
    this.status = answer.status;
    return { status: answer.status, body: await answer.text(), setCookie };
  }

  /** By name. */
  get cookies(): Record<string, string> {
    const cookies = this.#jar.getCookiesSync("http://127.0.0.1/", { allPaths: true });
    return Object.fromEntries(cookies.map(({ key, value }) => [key, value]));
  }

  /** What it sends to `/`. */
  get header(): string {
    return headerOf(this.cookies);
  }
}

export function headerOf(cookies: Readonly<Record<string, string>>): string {
  return Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join("; ");
}

/** What a page shows to whoever sends this Cookie header. */
export async function seenWith(url: string, cookie: string): Promise<SessionData> {
  const answer = await fetch(url, { headers: { cookie } });
  if (!answer.ok) throw new Error(`The old site answers ${answer.status}: ${await answer.text()}`);
  return JSON.parse(await answer.text()) as SessionData;
}

/** What a reader makes of the header, without moving anything; `{}` if it is nothing. */
export async function readWith(reader: LegacyReader, header: string): Promise<SessionData> {
  for (const cookie of await reader.find(header)) {
    const found = await cookie.read();
    if (found !== undefined) return { ...found.data };
  }
  return {};
}

function everyEncoded(value: string): string {
  return decodeURIComponent(value).replace(/./g, (char) => `%${char.charCodeAt(0).toString(16)}`);
}

/** Everything that somebody may do to cookies who does not have the secret. */
export function tampered(cookies: Readonly<Record<string, string>>): [string, string][] {
  const cases: [string, string][] = [
    ["nothing", ""],
    ["another case", headerOf(cookies).toUpperCase()],
  ];
  for (const [name, value] of Object.entries(cookies)) {
    const change = (label: string, changed: string | undefined): void => {
      if (changed === value) return;
      const { [name]: _, ...others } = cookies;
      const all = changed === undefined ? others : { ...others, [name]: changed };
      cases.push([`${name}: ${label}`, headerOf(all)]);
    };
    change("left out", undefined);
    change("empty", "");
    change("quoted", `"${value}"`);
    change("half a quote", `"${value}`);
    change("spaces", `  ${value}\t `);
    change("encoded once more", encodeURIComponent(value));
    change("decoded", decodeURIComponent(value));
    change("every character encoded", everyEncoded(value));
    change("broken encoding", `${value}%zz`);
    change("twice", value + value);
    change("first half", value.slice(0, value.length / 2));
    change("second half", value.slice(value.length / 2));
    change("without the signature", value.replace(/[.*][^.*]*$/, ""));
    change("an empty signature", value.replace(/([.*])[^.*]*$/, "$1"));
    change("more at the end", `${value}x`);
    change("more at the start", `x${value}`);
    change(
      "another id",
      value.replace(/^(s%3A)?./, (start) => `${start.slice(0, -1)}~`),
    );
    change("a version", `${value}~1`);
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at);
      const other = String.fromCharCode([57, 90, 122, 126].includes(code) ? code - 1 : code + 1);
      if (other !== ";") change(`character ${at}`, value.slice(0, at) + other + value.slice(at + 1));
      if (at % 7 === 3) change(`without ${at}`, value.slice(0, at) + value.slice(at + 1));
      if (at % 7 === 5) change(`up to ${at}`, value.slice(0, at));
    }
  }
  return cases;
}
