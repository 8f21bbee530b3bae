import { setTimeout as pause } from "node:timers/promises";
import type { RequestHandler } from "./$types";

export const GET: RequestHandler = ({ locals }) => {
  const encoder = new TextEncoder();
  let part = 0;
  const body = new ReadableStream({
    async pull(controller) {
      part++;
      controller.enqueue(encoder.encode(part > 5 ? "end\n" : `part ${part}\n`));
      await pause(100);
      if (part <= 5) return;
      const { session } = locals;
      session.streamed = (session.streamed ?? 0) + 1; // saved when the stream ends
      controller.close();
    },
  });
  return new Response(body, { headers: { "Content-Type": "text/plain; charset=utf-8" } });
};
