/** A browser with one cookie jar, which sends any header. */
export class Guest {
  readonly #url: string;
  /** By name, as they are sent. */
  readonly jar: Map<string, string>;

  constructor(url: string, jar: Map<string, string> = new Map<string, string>()) {
    this.#url = url;
    this.jar = jar;
  }

  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has("origin")) headers.set("origin", this.#url);
    if (!headers.has("accept")) headers.set("accept", "text/html");
    if (this.jar.size > 0) headers.set("cookie", Array.from(this.jar, (pair) => pair.join("=")).join("; "));
    const response = await fetch(new URL(path, this.#url), { redirect: "manual", ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = line.split(";", 1)[0]!.split("=");
      if (/max-age=0(;|$)/i.test(line)) this.jar.delete(name);
      else this.jar.set(name, value);
    }
    return response;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return this.ask(path, { headers });
  }

  /** Sends a form, or a text as it is. */
  post(
    path: string,
    body: Record<string, string> | string | FormData = {},
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const plain = typeof body === "string" || body instanceof FormData;
    return this.ask(path, { method: "POST", body: plain ? body : new URLSearchParams(body), headers });
  }
}
