import { fetchSessions } from "micropie/adapters/fetch";
import { type AdapterSuiteOptions, adapterSuite, type DemoAnswer } from "micropie/testing";
import { serve } from "srvx";
import { describe, test } from "vitest";

const ways: Record<string, (visits: number) => Response> = {
  "/way/json": (visits) => Response.json({ visits }),
  "/way/redirect": (visits) => Response.redirect(`http://localhost/${visits}`, 307),
  "/way/bytes": (visits) => new Response(new Uint8Array(visits)),
  "/way/blob": (visits) => new Response(new Blob([`${visits}`])),
  "/way/stream": (visits) => new Response(new Blob([`${visits}`]).stream(), { headers: { "x-a": "1" } }),
  "/way/no-body": () => new Response(null, { status: 205 }),
};

const start: AdapterSuiteOptions["start"] = async (sessions, demo) => {
  const withSession = fetchSessions(
    sessions,
    async (request, session) => {
      const path = new URL(request.url).pathname;
      const way = ways[path];
      if (way !== undefined) {
        session.visits = (session.visits ?? 0) + 1;
        return way(session.visits);
      }
      const answer = await demo({
        path,
        session,
      });
      return responseOf(answer);
    },
    { onError: () => {} },
  );
  const server = serve({
    port: 0,
    hostname: "127.0.0.1",
    silent: true,
    async fetch(request) {
      // Whoever takes a session looks at it, so a route that needs none is left outside.
      if (new URL(request.url).pathname === "/none")
        return responseOf(await demo({ path: "/none", session: {} as never }));
      return withSession(request).catch(() => new Response("error", { status: 500 }));
    },
  });
  await server.ready();
  return { url: server.url!, close: () => server.close(true) };
};

describe("fetchSessions", () => {
  for (const { name, run } of adapterSuite({
    start,
    ways: Object.keys(ways),
    passesErrorsOn: true,
    assigns: false,
  }))
    test(name, run);
});
function responseOf({ status, headers, body }: DemoAnswer): Response {
  const pairs = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((one) => [name, one] as [string, string]),
  );
  if (typeof body !== "object") return new Response(body ?? null, { status, headers: pairs });
  const parts = body[Symbol.asyncIterator]();
  const stream = new ReadableStream<string>({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
  return new Response(stream.pipeThrough(new TextEncoderStream()), { status, headers: pairs });
}
