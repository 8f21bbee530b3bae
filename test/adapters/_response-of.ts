import type { DemoAnswer } from "micropie/testing";

/** An answer of the demonstration application as a Response; a stream goes out part by part. */
export function responseOf({ status, headers, body }: DemoAnswer): Response {
  const stream = typeof body === "object" ? bytesOf(body) : (body ?? null);
  return new Response(stream, { status, headers: pairsOf(headers) });
}

/** A header of several values as several pairs. */
export function pairsOf(headers: DemoAnswer["headers"]): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, one] as [string, string]),
  );
}

/** No part is made before it is asked for. */
export function bytesOf(body: AsyncIterable<string>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const parts = body[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await parts.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        await parts.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
