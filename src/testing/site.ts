import assert from "node:assert/strict";
import type { Sessions } from "../core/sessions.ts";
import type { VirtualEnvironment } from "./clock.ts";
import type { DemoData } from "./demo.ts";
import type { Gate } from "./gate.ts";
import type { GatedBackend } from "./gated-backend.ts";
import type { HttpAnswer, HttpBrowser } from "./http-browser.ts";

/** What one case of the adapter suite plays with: a served application and what is behind it. */
export interface Site {
  readonly store: GatedBackend;
  readonly clock: VirtualEnvironment;
  readonly sessions: Sessions<DemoData>;
  readonly slow: Gate;
  readonly stream: Gate;
  browser(cookie?: string): HttpBrowser;
  /** A browser that has been to `/count` once. */
  visitor(): Promise<HttpBrowser>;
}

/** A case before it is served. */
export interface SiteCase {
  readonly promise: string;
  readonly name: string;
  run(site: Site): Promise<void>;
}

/** The data that the site has for this browser. */
export async function read(browser: HttpBrowser): Promise<unknown> {
  const { status, text } = await browser.get("/read");
  assert.equal(status, 200, "the status of /read");
  return JSON.parse(text);
}

/** Fails unless the site has this data for this browser. */
export async function assertRead(browser: HttpBrowser, expected: object): Promise<void> {
  assert.deepEqual(await read(browser), expected, "the session's data in the body of /read");
}

/** Fails unless the answer has a header that matches this; one that is missing is empty. */
export async function assertHeader(
  browser: HttpBrowser,
  path: string,
  name: "vary" | "cache-control",
  expected: RegExp,
): Promise<void> {
  const { headers } = await browser.get(path);
  assert.match(headers[name] ?? "", expected, `the header ${name} of ${path}`);
}

/**
 * Fails if any part of the answer is there. Two whole requests are made and answered first, so that it would have come
 * by then.
 */
export async function assertNothingYet(site: Site, answer: Promise<HttpAnswer>): Promise<void> {
  let arrived = false;
  const arrive = (): void => {
    arrived = true;
  };
  answer.then(arrive, arrive);
  for (let round = 0; round < 2; round++) await site.browser().get("/none");
  assert.equal(arrived, false, "whether something of the answer left before the session was saved");
}
