import { connect } from "node:net";
import { text } from "node:stream/consumers";
import type { App } from "micropie";
import { onTestFinished, vi } from "vitest";

/** A client of an App on a real port. It keeps the session cookie. */
export interface Client {
  readonly url: string;
  readonly port: number;
  cookie: string | undefined;
  (path: string, init?: RequestInit): Promise<Response>;
  /** Sends raw bytes. Returns everything that the server sends until it closes the connection. */
  raw(message: string, options?: { end?: boolean }): Promise<string>;
  close(): Promise<void>;
}

/** Serves an App on a free port until the test ends. */
export async function client<T extends object>(app: App<T>): Promise<Client> {
  const running = await app.serve({ port: 0, hostname: "127.0.0.1", signals: false, shutdownTimeout: 0.2 });
  onTestFinished(() => running.close());
  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (result.cookie !== undefined && !headers.has("cookie")) headers.set("cookie", result.cookie);
    const response = await fetch(new URL(path, running.url), { redirect: "manual", ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      if (line.startsWith("session_id=")) result.cookie = line.split(";", 1)[0];
    }
    return response;
  };
  const result: Client = Object.assign(call, {
    url: running.url,
    port: running.port,
    cookie: undefined as string | undefined,
    close: () => running.close(),
    raw(message: string, { end = false } = {}): Promise<string> {
      const socket = connect(running.port, "127.0.0.1");
      socket.write(message);
      if (end) socket.end();
      return text(socket);
    },
  });
  return result;
}

export async function textOf(response: Response | Promise<Response>): Promise<string> {
  return (await response).text();
}

/** Captures what an App prints to stderr. */
export function quiet(): { readonly said: string } {
  const spy = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => spy.mockRestore());
  return {
    get said() {
      return spy.mock.calls.flat().map(describe).join("\n");
    },
  };
}

function describe(value: unknown): string {
  return value instanceof Error ? `${value.stack}\n${value.cause ?? ""}` : String(value);
}

/** A promise that the test resolves. */
export function gate<T = void>(): { readonly passed: Promise<T>; open(value: T): void } {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { passed: promise, open: resolve };
}
