// The requests that are traced. Each changes one key of a session that exists.
import { once } from "node:events";
import { Agent, get } from "node:http";

/** Enough that everything that is made once has been made. */
const WARM_UP = 5;

/** Where the framework has its Response, whose body is still to be read. What is counted ends here. */
const ANSWERED = "response";

/** Hono on memory, without a server: `app.request`. */
export async function hono(recorder) {
  const { createSessions } = await recorder.load("index");
  const { honoSessions } = await recorder.load("adapters/hono");
  const { Hono } = await import("hono");
  const sessions = createSessions();
  const app = new Hono();
  app.use(honoSessions(sessions));
  app.get("/", (c) => {
    recorder.mark("handler");
    const session = c.get("session");
    session.visits = (session.visits ?? 0) + 1;
    return c.text(`visits: ${session.visits}`);
  });
  try {
    return await visit(recorder, async (cookie) => {
      const response = await app.request("/", cookie === undefined ? {} : { headers: { cookie } });
      recorder.mark(ANSWERED);
      return { text: await response.text(), setCookie: response.headers.getSetCookie() };
    });
  } finally {
    await sessions.close();
  }
}

/** Express 5 on Redis, over a connection that stays open. The server is the one at REDIS_URL, or one that is started. */
export async function express(recorder) {
  const { createSessions } = await recorder.load("index");
  const { expressSessions } = await recorder.load("adapters/express");
  const { RedisSessionBackend } = await recorder.load("backends/redis");
  const { default: createApp } = await import("express");
  const { createClient } = await import("redis");
  await using redis = await openRedis();
  const client = await createClient({ url: redis.url }).connect();
  const sessions = createSessions({ backend: new RedisSessionBackend(client) });
  let closed;
  const app = createApp();
  app.use((_req, res, next) => {
    closed = once(res, "close");
    next();
  });
  app.use(expressSessions(sessions));
  app.get("/", (req, res) => {
    recorder.mark("handler");
    req.session.visits = (req.session.visits ?? 0) + 1;
    res.send(`visits: ${req.session.visits}`);
  });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const agent = new Agent({ keepAlive: true });
  try {
    return await visit(recorder, async (cookie) => {
      const headers = cookie === undefined ? {} : { cookie };
      const [response] = await once(
        get({ host: "127.0.0.1", port: server.address().port, agent, headers }),
        "response",
      );
      let text = "";
      for await (const chunk of response.setEncoding("utf8")) text += chunk;
      await closed;
      return { text, setCookie: response.headers["set-cookie"] ?? [] };
    });
  } finally {
    agent.destroy();
    server.close();
    await sessions.close();
    await client.close();
  }
}

/** Begins a session, warms up, and records one more request. `request(cookie)` returns `{ text, setCookie }`. */
async function visit(recorder, request) {
  const first = await request(undefined);
  const cookie = first.setCookie[0]?.split(";", 1)[0];
  for (let visits = 2; visits <= WARM_UP; visits++) await request(cookie);
  recorder.start();
  const { text } = await request(cookie);
  // What is left for the end of the turn belongs to the request.
  await new Promise((resolve) => setImmediate(resolve));
  const trace = recorder.stop(ANSWERED);
  if (text !== `visits: ${WARM_UP + 1}`) throw new Error(`The session was not kept: "${text}".`);
  return trace;
}

async function openRedis() {
  const url = process.env.REDIS_URL;
  if (url) return { url, async [Symbol.asyncDispose]() {} };
  const { startRedis } = await import("../../test/servers/redis.ts");
  const server = await startRedis();
  return { url: server.url, [Symbol.asyncDispose]: () => server.stop() };
}
