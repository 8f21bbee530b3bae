import assert from "node:assert/strict";
import type { OptionCaseOn } from "./_option-cases.ts";

/** One request that a client sends, and whether the option `csrf` lets it pass. */
interface Row {
  readonly name: string;
  readonly method?: string;
  /** Sec-Fetch-Site. */
  readonly site?: string;
  /** `SELF` stands for the host that the server listens on. */
  readonly origin?: string;
  /** The Host header, if it is another than the server's own. */
  readonly host?: string;
  readonly more?: Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
  readonly passes: boolean;
}

const TRUSTED = "https://trusted.example";
const EVIL = "https://evil.example";
const FORM = { amount: "1000" };
const REFRESH = { "sec-secure-session-id": "AAAA" };

/** What clients send: method, Sec-Fetch-Site, Origin, Host and what a proxy adds. */
export const CROSS_SITE: readonly Row[] = [
  // Requests that change nothing.
  { name: "a link on another site", method: "GET", site: "cross-site", passes: true },
  { name: "a HEAD from another site", method: "HEAD", site: "cross-site", origin: EVIL, passes: true },
  { name: "a preflight", method: "OPTIONS", site: "cross-site", origin: EVIL, passes: true },
  // Clients that are no browsers.
  { name: "a POST of curl", passes: true },
  { name: "a PUT of a program", method: "PUT", passes: true },
  { name: "a DELETE of a program", method: "DELETE", passes: true },
  { name: "a PATCH of a program", method: "PATCH", passes: true },
  // Browsers that say where it comes from.
  { name: "a form of ours", site: "same-origin", origin: "http://SELF", form: FORM, passes: true },
  { name: "a fetch of ours", method: "PUT", site: "same-origin", origin: "http://SELF", passes: true },
  { name: "a page of ours without Origin", site: "same-origin", passes: true },
  { name: "a page of ours that sends no referrer", site: "same-origin", origin: "null", passes: true },
  { name: "a form that its user sends again", site: "none", passes: true },
  { name: "the same with an opaque origin", site: "none", origin: "null", passes: true },
  { name: "a form of another site", site: "cross-site", origin: EVIL, form: FORM, passes: false },
  { name: "a fetch of another site", site: "cross-site", origin: EVIL, passes: false },
  { name: "another site that hides its origin", site: "cross-site", passes: false },
  { name: "a sandboxed frame", site: "cross-site", origin: "null", passes: false },
  { name: "a sibling subdomain", site: "same-site", origin: "https://blog.example", passes: false },
  { name: "a sibling that hides its origin", site: "same-site", passes: false },
  { name: "a PUT of another site", method: "PUT", site: "cross-site", origin: EVIL, passes: false },
  { name: "a DELETE of another site", method: "DELETE", site: "cross-site", origin: EVIL, passes: false },
  { name: "a PATCH of another site", method: "PATCH", site: "cross-site", origin: EVIL, passes: false },
  { name: "our own host without TLS", site: "cross-site", origin: "http://SELF", passes: false },
  { name: "two values of Sec-Fetch-Site", site: "same-origin, cross-site", origin: EVIL, passes: false },
  // The list.
  { name: "a trusted site", site: "cross-site", origin: TRUSTED, passes: true },
  { name: "a trusted sibling", site: "same-site", origin: TRUSTED, passes: true },
  {
    name: "a site that begins like it",
    site: "cross-site",
    origin: `${TRUSTED}.evil.example`,
    passes: false,
  },
  {
    name: "the trusted site without TLS",
    site: "cross-site",
    origin: "http://trusted.example",
    passes: false,
  },
  // Plain http, and old browsers: Origin alone.
  { name: "a form on plain http", origin: "http://SELF", form: FORM, passes: true },
  { name: "the same behind a proxy that ends TLS", origin: "https://SELF", passes: true },
  { name: "a name in a local network", host: "app.lan", origin: "http://app.lan", passes: true },
  { name: "its port said", host: "app.lan:80", origin: "http://app.lan", passes: true },
  { name: "another port of it", host: "app.lan", origin: "http://app.lan:8080", passes: false },
  {
    name: "a host that begins like it",
    host: "app.lan",
    origin: "http://app.lan.evil.example",
    passes: false,
  },
  { name: "another site on plain http", origin: EVIL, passes: false },
  { name: "an opaque origin on plain http", origin: "null", passes: false },
  // A proxy that asks for another host than its client did.
  {
    name: "a proxy that changes Host, with an old browser",
    origin: "https://shop.example",
    more: { "x-forwarded-host": "shop.example", "x-forwarded-proto": "https" },
    passes: false,
  },
  {
    name: "the same with a browser that says where it comes from",
    site: "same-origin",
    origin: "https://shop.example",
    more: { "x-forwarded-host": "shop.example", "x-forwarded-proto": "https" },
    passes: true,
  },
  // What renews a bound session: browsers send it without a page.
  {
    name: "a refresh of a bound session",
    site: "same-origin",
    origin: "http://SELF",
    more: { ...REFRESH, "sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty" },
    passes: true,
  },
  { name: "the same of a browser that says nothing of itself", more: REFRESH, passes: true },
];

/** The option `csrf` is given, and each of these requests is sent with the cookie of a session. */
export const crossSiteTable: readonly OptionCaseOn[] = [
  {
    name: `csrf: each of ${CROSS_SITE.length} requests passes, or is a 403 before its session is read`,
    wanted: [{ mount: { csrf: { trust: [TRUSTED] } } }],
    async run({ jar, stores }) {
      const ann = jar();
      await ann.get("/count");
      const told: string[] = [];
      for (const row of CROSS_SITE) {
        const { name, method = "POST", site, origin, host, more, form } = row;
        const headers = {
          ...(site === undefined ? {} : { "sec-fetch-site": site }),
          ...(origin === undefined ? {} : { origin: origin.replace("SELF", ann.host) }),
          ...(host === undefined ? {} : { host }),
          ...more,
        };
        stores[0]!.forget();
        const { status, setCookie } = await ann.ask("/count", { method, headers, ...(form && { form }) });
        const isRefused = status === 403;
        if (isRefused === row.passes) told.push(`${name}: ${status}`);
        if (isRefused && stores[0]!.calls.length > 0) told.push(`${name}: ${stores[0]!.calls}`);
        if (isRefused && setCookie.length > 0) told.push(`${name}: ${setCookie}`);
      }
      assert.deepEqual(told, []);
    },
  },
];

/** What adapters do, and App does not: it has the option on, and no `skip`. */
export const crossSiteCases: readonly OptionCaseOn[] = [
  {
    name: "csrf: without the option nothing is refused",
    wanted: [{}],
    async run({ jar }) {
      const headers = { "sec-fetch-site": "cross-site", origin: EVIL };
      assert.notEqual((await jar().ask("/count", { method: "POST", headers })).status, 403);
    },
  },
  {
    name: "csrf: a path in `skip` has no session, and is not judged",
    wanted: [{ mount: { csrf: true, skip: ["/none"] } }],
    async run({ jar }) {
      const headers = { "sec-fetch-site": "cross-site", origin: EVIL };
      assert.notEqual((await jar().ask("/none", { method: "POST", headers })).status, 403);
      assert.equal((await jar().ask("/count", { method: "POST", headers })).status, 403);
    },
  },
];
