import type { H3Config, H3Event } from "h3";
import { type Around, aroundOf, reportPassedBy } from "../visit/around.ts";
import { isUpgrade } from "../visit/carry.ts";
import { admit, headersOf, isData, watched } from "../visit/value.ts";

/** Returns the value of a handler, watched if it streams. Adds headers to the event, where h3 finds them. */
export function carry({ res }: H3Event, around: Around, value: unknown): unknown {
  if (value === Symbol.for("h3.handled")) reportPassedBy(around, "h3");
  const response = value instanceof Response ? value : undefined;
  if (response && isUpgrade(response)) return around.settle(response);
  admit(value, around);
  if (around.isDue) {
    const isError = value === undefined || typeof value === "symbol" || value instanceof Error;
    const headers = isError || (response?.status ?? 0) >= 400 ? res.errHeaders : res.headers;
    // h3 does not copy a response if there are no other headers to add.
    if (response && headers.keys().next().done) return around.settle(response);
    // If h3 itself failed at making JSON, the cookie would be lost.
    if (around.hasCookie && isData(value)) JSON.stringify(value);
    around.addTo(headers, headersOf(value));
    if (isError) around.addTo(res.headers);
  }
  return watched(value, around);
}

const wrapped = new WeakSet<object>();

/**
 * Adds headers to a Response that `onError` returns, as h3 adds none to it; and at last, if `onResponse` or outer
 * middleware may have changed them.
 */
export function carryOutside({ app }: H3Event, isOutermost: boolean): void {
  if (app === undefined || wrapped.has(app.config)) return;
  const { onError, onResponse } = app.config;
  const config: H3Config = { ...app.config };
  if (onError !== undefined)
    config.onError = async (error, event) => {
      const answered = await onError(error, event);
      return answered instanceof Response ? aroundOf(event)?.settle(answered) : answered;
    };
  if (onResponse !== undefined || !isOutermost)
    config.onResponse = async (response, event) => {
      try {
        await onResponse?.(response, event);
      } finally {
        aroundOf(event)?.addTo(response.headers);
      }
    };
  wrapped.add(config);
  (app as { config: H3Config }).config = Object.freeze(config);
}
