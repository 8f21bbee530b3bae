import { info, login, logout, type Session, type Sessions, update } from "micropie";
import { fetchSessions } from "micropie/adapters/fetch";
import { deviceName } from "./device.ts";
import { devicesPage, page } from "./page.ts";

export interface Data {
  visits: number;
  name: string;
  device: string;
  streamed: number;
}
type Handler = (request: Request, session: Session<Data>) => Response | Promise<Response>;

/** The application of the examples for hosts of fetch handlers. */
export function webApp(sessions: Sessions<Data>): (request: Request) => Promise<Response> {
  const routes: Record<string, Handler> = {
    "GET /"(_, session) {
      return htmlOf(page(session));
    },

    async "POST /count"(_, session) {
      await update(session, "visits", (visits = 0) => visits + 1);
      return seeOther();
    },

    async "POST /login"(request, session) {
      const name = new URLSearchParams(await request.text()).get("name") ?? "";
      login(session, name); // a new id; the old one stops working
      session.name = name;
      session.device = deviceName(request.headers.get("user-agent"));
      return seeOther();
    },

    "POST /logout"(_, session) {
      logout(session);
      return seeOther();
    },

    async "GET /devices"(_, session) {
      const { userId } = info(session);
      const devices =
        userId === undefined ? [] : await sessions.list({ userId }, { current: session }).toArray();
      return htmlOf(devicesPage(devices));
    },

    async "POST /end"(request, session) {
      const { userId } = info(session);
      const handle = new URLSearchParams(await request.text()).get("handle") ?? ""; // it can be anybody's
      const [device] = await sessions.list({ handle }).toArray();
      if (userId !== undefined && device?.userId === userId) await sessions.revoke({ handle });
      return seeOther("/devices");
    },

    async "POST /end-others"(_, session) {
      const { userId } = info(session);
      if (userId !== undefined) await sessions.revoke({ userId, except: session });
      return seeOther("/devices");
    },

    async "POST /logout-everywhere"(_, session) {
      const { userId } = info(session);
      if (userId !== undefined) await sessions.revoke({ userId, except: session });
      logout(session); // this session too, with its cookie
      return seeOther();
    },

    "GET /stream"(_, session) {
      const encoder = new TextEncoder();
      let part = 0;
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (++part <= 5) {
            controller.enqueue(encoder.encode(`part ${part}\n`));
            await new Promise((resolve) => setTimeout(resolve, 100));
            return;
          }
          session.streamed = (session.streamed ?? 0) + 1; // saved when the stream ends
          controller.enqueue(encoder.encode("end\n"));
          controller.close();
        },
      });
      // Prevents compression, for which Cloudflare would buffer the stream.
      return new Response(body, {
        headers: { "content-type": "text/plain", "content-encoding": "identity" },
      });
    },
  };

  return fetchSessions(sessions, (request, session) => {
    const route = routes[`${request.method} ${new URL(request.url).pathname}`];
    return route?.(request, session) ?? new Response("Not here.", { status: 404 });
  });
}

function htmlOf(text: string): Response {
  return new Response(text, { headers: { "content-type": "text/html; charset=utf-8" } });
}

function seeOther(location = "/"): Response {
  return new Response(null, { status: 303, headers: { location } });
}
