import { webcrypto } from "node:crypto";

/** What a browser does with one request: what is lost of it. */
export type Loss = "request" | "answer" | "body";

/** What is sent, for tests to lose it. */
export type Sent = "page" | "registration" | "refresh";

type Fetch = (request: Request) => Promise<Response>;

interface Bound {
  readonly id: string;
  readonly url: string;
  readonly cookie: string;
  readonly attributes: string;
  readonly key: webcrypto.CryptoKeyPair;
  challenge: string | undefined;
}

/** Chromium ends what binds a session at this many challenges in a row. */
const MOST_CHALLENGES = 5;

const HOST = "https://shop.example";

const ALGORITHMS = {
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  RS256: {
    name: "RSASSA-PKCS1-v1_5",
    modulusLength: 2048,
    publicExponent: Uint8Array.of(1, 0, 1),
    hash: "SHA-256",
  },
} as const;

/** A browser that has Device Bound Session Credentials, after the W3C draft and what Chromium 150 does. */
export class DeviceBrowser {
  readonly fetch: Fetch;
  readonly jar = new Map<string, string>();
  /** Set-Cookie lines and answers, in order. */
  readonly lines: string[] = [];
  readonly answers: { readonly sent: Sent; readonly status: number; readonly request: Request }[] = [];
  bound: Bound | undefined;
  algorithm: keyof typeof ALGORITHMS = "ES256";
  /** Whether it sends headers as structured strings, as the draft says and Chromium does not. */
  quotes = false;
  /** Whether it is a browser without Device Bound Session Credentials. */
  plain = false;
  /** Whether it has no signatures left. */
  isOverQuota = false;
  /** What is lost of the next thing of this kind. */
  readonly losses = new Map<Sent, Loss[]>();

  constructor(fetch: Fetch) {
    this.fetch = fetch;
  }

  /** Asks for a page, as the user does. Rejects if the request or its answer is lost. */
  async open(path: string, headers: Record<string, string> = {}): Promise<string> {
    const skipped = await this.#renewIfMissing();
    const more = skipped === undefined ? {} : { "secure-session-skipped": skipped };
    const response = await this.#send("page", path, "GET", {
      "sec-fetch-mode": "navigate",
      ...more,
      ...headers,
    });
    if (response === undefined) throw new Error("lost");
    const offer = response.headers.get("secure-session-registration");
    if (offer !== null && !this.plain) await this.#register(offer);
    return response.text();
  }

  /** The short cookie has ended, and it is gone. */
  dropShort(): void {
    if (this.bound !== undefined) this.jar.delete(this.bound.cookie);
  }

  /** Signs a challenge as a JWT. */
  async proof(challenge: string, key: webcrypto.CryptoKeyPair, more: object = {}): Promise<string> {
    const how = ALGORITHMS[this.algorithm];
    const head = { typ: "dbsc+jwt", alg: this.algorithm, ...more };
    const text = [head, { jti: challenge }].map(encoded).join(".");
    const signature = await webcrypto.subtle.sign(how, key.privateKey, new TextEncoder().encode(text));
    return `${text}.${Buffer.from(signature).toString("base64url")}`;
  }

  async createKey(): Promise<webcrypto.CryptoKeyPair> {
    const how = ALGORITHMS[this.algorithm];
    return (await webcrypto.subtle.generateKey(how, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  }

  /** Answers a registration offer. Nothing that fails here is seen by the user. */
  async #register(offer: string): Promise<void> {
    const [, algorithms, path, challenge] =
      /^\(([A-Z0-9 ]+)\);path="([^"]+)";challenge="([\w.-]+)"$/.exec(offer) ?? [];
    if (!algorithms?.split(" ").includes(this.algorithm)) return;
    const key = await this.createKey();
    const jwk = await webcrypto.subtle.exportKey("jwk", key.publicKey);
    const { kty, crv, x, y, n, e } = jwk;
    const proof = await this.proof(challenge!, key, {
      jwk: kty === "EC" ? { kty, crv, x, y } : { kty, n, e },
    });
    const response = await this.#send(
      "registration",
      path!,
      "POST",
      this.#header("secure-session-response", proof),
    );
    if (response?.status !== 200) return;
    await this.#follow(response, key);
  }

  /** Takes instructions. Returns false if they, or the answer, end what binds the session. */
  async #follow(response: Response, key: webcrypto.CryptoKeyPair): Promise<boolean> {
    const text = await response.text().catch(() => undefined);
    if (text === undefined) return true;
    const told = JSON.parse(text);
    if (told.continue === false) {
      this.bound = undefined;
      return false;
    }
    const [credential] = told.credentials;
    const field = response.headers.get("secure-session-challenge");
    this.bound = {
      id: told.session_identifier,
      url: told.refresh_url,
      cookie: credential.name,
      attributes: credential.attributes,
      key,
      challenge: challengeIn(field, told.session_identifier),
    };
    return true;
  }

  /** Renews the short cookie if it is missing. Returns why not, as the browser tells it. */
  async #renewIfMissing(): Promise<string | undefined> {
    if (this.bound === undefined || this.jar.has(this.bound.cookie)) return undefined;
    return this.refresh();
  }

  /** Renews the short cookie, also ahead of time. Returns why that failed, if it may be tried again. */
  async refresh(): Promise<string | undefined> {
    for (let asked = 0; this.bound !== undefined; ) {
      const { bound } = this;
      const { challenge } = bound;
      bound.challenge = undefined;
      if (challenge !== undefined && this.isOverQuota) return "quota_exceeded";
      const signed = challenge === undefined ? undefined : await this.proof(challenge, bound.key);
      const response = await this.#send("refresh", bound.url, "POST", {
        ...this.#header("sec-secure-session-id", bound.id),
        ...(signed === undefined ? {} : this.#header("secure-session-response", signed)),
      });
      if (response === undefined) return "unreachable";
      if (response.status >= 500 || response.status === 407) return "server_error";
      const next = challengeIn(response.headers.get("secure-session-challenge"), bound.id);
      if (response.status === 403 && next !== undefined && ++asked < MOST_CHALLENGES) bound.challenge = next;
      else if (response.status !== 200) this.bound = undefined;
      else {
        await this.#follow(response, bound.key);
        return undefined;
      }
    }
    return undefined;
  }

  #header(name: string, value: string): Record<string, string> {
    return { [name]: this.quotes ? `"${value}"` : value };
  }

  async #send(
    sent: Sent,
    path: string,
    method: string,
    headers: Record<string, string>,
  ): Promise<Response | undefined> {
    const loss = this.losses.get(sent)?.shift();
    if (loss === "request") return undefined;
    const cookie = Array.from(this.jar, ([name, value]) => `${name}=${value}`).join("; ");
    const request = new Request(new URL(path, HOST), {
      method,
      headers: { accept: "*/*", ...headers, ...(cookie === "" ? {} : { cookie }) },
    });
    const response = await this.fetch(request);
    this.answers.push({ sent, status: response.status, request });
    if (loss === "answer") return undefined;
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    if (loss === undefined) return response;
    const broken = new ReadableStream({ start: (controller) => controller.error(new Error("cut")) });
    return new Response(broken, { status: response.status, headers: response.headers });
  }

  #keep(line: string): void {
    this.lines.push(line);
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
    if (/; Max-Age=0/.test(line)) this.jar.delete(name!);
    else this.jar.set(name!, value!);
  }
}

function challengeIn(field: string | null, id: string): string | undefined {
  const [, challenge, of] = /^"([\w.-]+)";id="([\w-]+)"$/.exec(field ?? "") ?? [];
  return of === id ? challenge : undefined;
}

function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
