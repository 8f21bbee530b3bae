import type { Exchange } from "./exchange.ts";
import { BodyGoneError } from "./http-error.ts";

const FORM_READ = "The App reads multipart forms itself. Use `form`, `formAll` and `files` of this.request.";

/**
 * Returns a Request with the same method, headers and signal, whose body can be read although the App has read it. The body of
 * a multipart form fails with BodyGoneError. Throws RangeError or TypeError for what is no request.
 */
export function copyOf({ raw, method, body }: Exchange, url: URL): Request {
  const init = { method, headers: raw.headers, signal: raw.signal, body: contentOf(body), duplex: "half" };
  return new Request(url, init as RequestInit);
}

function contentOf(body: Exchange["body"]): BodyInit | null {
  if (body === undefined) return null;
  if (body.bytes !== undefined) return body.bytes;
  if (body.stream !== undefined) return body.stream();
  return new ReadableStream({ start: (controller) => controller.error(new BodyGoneError(FORM_READ)) });
}
