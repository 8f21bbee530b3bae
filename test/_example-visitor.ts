/** One browser in front of an example, with one cookie jar. */
export interface ExampleVisitor {
  /** Cookies by name. */
  readonly jar: Map<string, string>;
  get(path: string): Promise<Response>;
  /** Sends a form, as the page's buttons do. */
  post(path: string, fields?: Record<string, string> | FormData): Promise<Response>;
  /** The number that the page shows. */
  count(): Promise<number>;
}

/** `sent` are headers of every request. */
export function exampleVisitor(
  url: string,
  jar: Map<string, string> = new Map(),
  sent: Record<string, string> = {},
): ExampleVisitor {
  async function ask(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(sent);
    headers.set("origin", url);
    if (!headers.has("user-agent")) headers.set("user-agent", "Mozilla/5.0");
    // A server may close an idle connection at the moment at which it is used again.
    headers.set("connection", "close");
    if (jar.size > 0) headers.set("cookie", Array.from(jar, (pair) => pair.join("=")).join("; "));
    const response = await fetch(new URL(path, url), { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [name = "", value = ""] = line.split(";")[0]!.split("=");
      if (/max-age=0/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }
  const get = (path: string) => ask(path, {});
  return {
    jar,
    get,
    post: (path, fields = {}) =>
      ask(path, { method: "POST", body: fields instanceof FormData ? fields : new URLSearchParams(fields) }),
    async count() {
      const html = await (await get("/")).text();
      return Number(/<output[^>]*>(?:<!--.*?-->)?(\d+)/.exec(html)?.[1]);
    },
  };
}
