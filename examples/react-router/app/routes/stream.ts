import { setTimeout as pause } from "node:timers/promises";
import { context } from "../sessions.server.ts";
import type { Route } from "./+types/stream";

export function loader({ context: values }: Route.LoaderArgs) {
  const session = values.get(context);
  const encoder = new TextEncoder();
  let part = 0;
  const body = new ReadableStream({
    async pull(controller) {
      part++;
      controller.enqueue(encoder.encode(part > 5 ? "end\n" : `part ${part}\n`));
      await pause(100);
      if (part <= 5) return;
      session.streamed = (session.streamed ?? 0) + 1; // saved when the stream ends
      controller.close();
    },
  });
  // Compression would wait for the end of the stream.
  const headers = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-transform" };
  return new Response(body, { headers });
}
