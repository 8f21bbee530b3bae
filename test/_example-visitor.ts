import { expect } from "vitest";

/** One browser in front of an example, with one cookie jar. */
export interface ExampleVisitor {
  /** Cookies by name. */
  readonly jar: Map<string, string>;
  get(path: string): Promise<Response>;
  /** Sends a form, as the page's buttons do. */
  post(path: string, fields?: Record<string, string> | FormData): Promise<Response>;
  /** The number that the page shows. */
  count(): Promise<number>;
  /** What the page of devices lists. */
  devices(): Promise<ListedDevice[]>;
}

export interface ListedDevice {
  readonly handle: string;
  readonly current: boolean;
  readonly name: string;
}

/** Returns what a page of devices lists. */
export function devicesOn(page: string): ListedDevice[] {
  const items = page.matchAll(/<li([^>]* data-handle="([^"]*)"[^>]*)>[\s\S]*?<b[^>]*>([^<]*)<\/b>/g);
  return Array.from(items, ([, attributes = "", handle = "", name = ""]) => {
    return { handle, name, current: attributes.includes('aria-current="true"') };
  });
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
    devices: async () => devicesOn(await (await get("/devices")).text()),
  };
}

export const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
export const CHROME =
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36";

/** What the buttons of the page of devices do, on every example that has it. */
export async function endingCases(visitor: () => ExampleVisitor): Promise<void> {
  const [phone, laptop, desk, bob] = [visitor(), visitor(), visitor(), visitor()];
  for (const device of [phone, laptop, desk]) await device.post("/login", { name: "dora" });
  await bob.post("/login", { name: "bobby" });
  const handles = (await phone.devices()).map(({ handle }) => handle);

  for (const stranger of [bob, visitor()]) {
    const { status, headers } = await stranger.post("/end", { handle: handles[1]! });
    expect([status, headers.get("location")]).toEqual([303, "/devices"]);
    expect(await laptop.devices()).toHaveLength(3);
  }
  await phone.post("/end", { handle: handles[1]! });
  expect(await laptop.devices()).toEqual([]);
  expect((await phone.devices()).map(({ handle }) => handle)).toEqual([handles[0], handles[2]]);

  expect((await visitor().post("/end-others")).status).toBe(303);
  expect((await phone.post("/end-others")).headers.get("location")).toBe("/devices");
  expect(await desk.devices()).toEqual([]);
  expect(await phone.devices()).toEqual([{ handle: handles[0], current: true, name: expect.any(String) }]);
  expect(await bob.devices()).toHaveLength(1);
}
