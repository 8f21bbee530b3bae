/** Where a contender's server listens, how it ends, and the same application in a function of a serverless host. */
import { once } from "node:events";
import { serve } from "@hono/node-server";
import serverlessHttp from "serverless-http";

/** For a `node:http` server that listens, or is told to listen here. */
export async function listen(server) {
  if (!server.listening) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    invoke: invokeOnNode(server),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * For a function from Request to Response, on @hono/node-server. For an application of Hono it puts its own Request and
 * Response in the place of Node's, as it does by default, until the server is closed.
 */
export async function listenOnWeb(fetch, { hono = false } = {}) {
  const { Request, Response } = globalThis;
  const server = serve({ fetch, port: 0, hostname: "127.0.0.1", overrideGlobalObjects: hono });
  if (!server.listening) await once(server, "listening");
  const { url, close } = await listen(server);
  return {
    url,
    invoke: invokeOnWeb(fetch),
    close() {
      close();
      Object.assign(globalThis, { Request, Response });
    },
  };
}

/** The application of a `node:http` server in a function of Amazon's Lambda, by serverless-http: there is no socket. */
export function invokeOnNode(server) {
  const run = serverlessHttp(server);
  return async (path, cookie) => {
    const { pathname, searchParams } = new URL(path, "http://localhost");
    const headers = { host: "localhost", ...(cookie === undefined ? {} : { cookie }) };
    const event = {
      httpMethod: "GET",
      path: pathname,
      headers,
      multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
      queryStringParameters: Object.fromEntries(searchParams),
      multiValueQueryStringParameters: Object.fromEntries(
        [...searchParams].map(([name, value]) => [name, [value]]),
      ),
      requestContext: {},
      body: null,
    };
    const { statusCode: status, headers: single, multiValueHeaders, body } = await run(event, {});
    return {
      status,
      setCookie: [single["set-cookie"] ?? multiValueHeaders["set-cookie"] ?? []].flat(),
      body,
    };
  };
}

/** A function from Request to Response, called as a host calls it. */
export function invokeOnWeb(fetch) {
  return async (path, cookie) => {
    const headers = cookie === undefined ? {} : { cookie };
    const response = await fetch(new Request(new URL(path, "http://localhost"), { headers }));
    return {
      status: response.status,
      setCookie: response.headers.getSetCookie(),
      body: await response.text(),
    };
  };
}
