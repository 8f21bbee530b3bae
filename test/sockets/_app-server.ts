import { App, type AppRequest, reply, type Session } from "micropie";
import { type AppSocket, WebSocketMiddleware } from "micropie/sockets/app";
import type { SocketServerCase } from "./_servers.ts";
import { authorize, type Data, type Hooks, talk } from "./_talk.ts";

/** The same application as an App, whose middleware has the part of `authorize`. */
class Chat extends App<Data> {
  readonly #hooks: Hooks;

  constructor(sessions: App<Data>["sessions"], hooks: Hooks) {
    super({ sessions });
    this.#hooks = hooks;
    this.wsMiddlewares.push(new Authorize());
  }

  async ws_chat(ws: AppSocket<Data>) {
    const opened = this.request.session;
    const own = { opened, session: ws.session.bind(ws) as typeof ws.session };
    await ws.accept();
    for await (const message of ws) {
      const text = message.toString();
      // Not awaited: what a message holds must not hold the next one.
      void talk(own, text, this.#hooks, (answer) => void ws.sendText(answer));
    }
  }
}

class Authorize extends WebSocketMiddleware {
  override async beforeWebSocket({ session, url }: AppRequest) {
    const status = await authorize(session as Session<Data>, { url: url.href });
    return status === undefined ? undefined : reply(status, "");
  }
}

/** An App with a `ws_` method. */
export const appServer: SocketServerCase = {
  name: "App",
  client: "ws",
  async serve(sessions, hooks) {
    const app = new Chat(sessions, hooks);
    return app.serve({ port: 0, hostname: "127.0.0.1", signals: false, shutdownTimeout: 0.5 });
  },
};
