import type { Session } from "micropie";
import type { DemoAnswer, DemoData } from "micropie/testing";

/** Counts a visit. */
export function count(session: Session<DemoData>): number {
  session.visits = (session.visits ?? 0) + 1;
  return session.visits;
}

/** An answer of the demonstration application as a Response. */
export function responseOf({ status, headers, body }: DemoAnswer): Response {
  return new Response(typeof body === "object" ? bytesOf(body) : (body ?? null), {
    status,
    headers: pairsOf(headers),
  });
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
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await parts.return?.();
    },
  });
}
