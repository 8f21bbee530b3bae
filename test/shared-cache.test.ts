import { App, createSessions, Html, html, info, login, logout, redirect } from "micropie";
import { serve } from "srvx";
import { afterAll, beforeAll, describe } from "vitest";
import { devicesPage } from "../examples/page.ts";
import { type Data, webApp } from "../examples/web-app.ts";
import { sharedCacheCases } from "./_shared-cache-cases.ts";

// Of each other framework there is an example that is started: example-apps.test.ts and guides/.

class Site extends App<Data> {
  index() {
    const { name } = this.request.session;
    return html`<p>${name === undefined ? "Nobody is signed in." : `You are ${name}.`}</p>`;
  }
  login() {
    const { session } = this.request;
    session.name = this.request.form("name", "");
    login(session, session.name);
    return redirect("/", 303);
  }
  logout() {
    logout(this.request.session);
    return redirect("/", 303);
  }
  async devices() {
    const { session } = this.request;
    const { userId } = info(session);
    const devices =
      userId === undefined ? [] : await this.sessions.list({ userId }, { current: session }).toArray();
    return new Html(devicesPage(devices));
  }
  async *stream() {
    const { session } = this.request;
    yield "part 1\n";
    await new Promise(setImmediate);
    session.streamed = (session.streamed ?? 0) + 1;
    yield "end\n";
  }
}

interface Served {
  readonly url: string;
  close(): unknown;
}

function servedCases(start: () => Promise<Served>, behindCache?: { opens: boolean }): () => Promise<void> {
  return async () => {
    let server: Served;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.close());
    await sharedCacheCases(() => server.url, behindCache);
  };
}

describe(
  "App",
  servedCases(() => new Site().serve({ port: 0, hostname: "127.0.0.1", signals: false })),
);

describe(
  "fetchSessions on Node",
  servedCases(
    async () => {
      const server = serve({
        port: 0,
        hostname: "127.0.0.1",
        silent: true,
        fetch: webApp(createSessions<Data>()),
      });
      await server.ready();
      return { url: server.url!, close: () => server.close(true) };
    },
    { opens: true },
  ),
);
