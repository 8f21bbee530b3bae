import { readFileSync } from "node:fs";
import { App } from "micropie";
import { type AppSocket, WebSocketMiddleware } from "micropie/sockets/app";
import { describe, expect, test, vi } from "vitest";
import { site } from "./app/_socket.ts";

/** What came of a handshake. */
interface Outcome {
  readonly http?: number;
  readonly messages?: string[];
  readonly hex?: string[];
  readonly close?: [code: number, reason: string];
  readonly protocol?: string;
  /** Whether the 101 has a cookie. */
  readonly cookie?: boolean;
  /** Whether the session has what the handler wrote last. */
  readonly stored?: boolean;
}

/** What MicroPie 0.29 does under uvicorn, as it was run and noted down. */
interface Case {
  readonly case: string;
  readonly path: string;
  readonly send?: string[];
  readonly sendHex?: string[];
  readonly offer?: string[];
  readonly origin?: string;
  readonly refuse?: boolean;
  readonly does: Outcome;
}

const cases: Case[] = JSON.parse(
  readFileSync(new URL("./golden/micropie-sockets.json", import.meta.url), "utf8"),
);

/** Where App differs on purpose; docs/decisions/046 says why. What is not here must be the same. */
const DIFFERENCES: Record<string, Outcome> = {
  "a route with all arguments": { messages: ["lobby:ann"], close: [1000, ""] },
  ws_index: { messages: ["root"], close: [1000, ""] },
  "an unknown name": { http: 404 },
  "a private name": { http: 404 },
  "a missing argument": { http: 400 },
  "a subprotocol that was not offered": { http: 500 },
  "an error after accept": { close: [1011, "Internal error"] },
  "no accept at all": { http: 403 },
  "close before accept": { http: 403 },
  "a page of another site": { http: 403 },
  "the session of a new visitor": { messages: ["1"], close: [1000, ""], cookie: true },
  "what a handler writes after accept": { messages: ["late"], close: [1000, ""], stored: false },
  "what a handler writes before its error": { close: [1011, "Internal error"], stored: false },
};

interface Data {
  n?: number;
  late?: boolean;
}

class Golden extends App<Data> {
  async ws_index(ws: AppSocket<Data>) {
    await ws.accept();
    await ws.sendText("root");
  }
  async ws_chat(ws: AppSocket<Data>, room: string, user = "guest") {
    await ws.accept();
    await ws.sendText(`${room}:${user}`);
  }
  async ws__hidden(ws: AppSocket<Data>) {
    await ws.accept();
  }
  async ws_text(ws: AppSocket<Data>) {
    await ws.accept();
    await ws.sendText(await ws.receiveText());
  }
  async ws_bytes(ws: AppSocket<Data>) {
    await ws.accept();
    await ws.sendBytes(await ws.receiveBytes());
  }
  async ws_closes(ws: AppSocket<Data>) {
    await ws.accept();
    ws.close(4000, "done");
  }
  async ws_proto(ws: AppSocket<Data>) {
    await ws.accept({ subprotocol: "chat.v1" });
  }
  async ws_boom(ws: AppSocket<Data>) {
    this.request.session.n = 1;
    await ws.accept();
    this.request.session.late = true;
    throw new Error("kaputt");
  }
  ws_boom0() {
    throw new Error("kaputt");
  }
  ws_nothing() {}
  ws_early(ws: AppSocket<Data>) {
    ws.close(4003, "no");
  }
  async ws_sendfirst(ws: AppSocket<Data>) {
    await ws.sendText("x");
  }
  async ws_counts(ws: AppSocket<Data>) {
    this.request.session.n = (this.request.session.n ?? 0) + 1;
    await ws.accept();
    await ws.sendText(String(this.request.session.n));
  }
  async ws_late(ws: AppSocket<Data>) {
    this.request.session.n = 1;
    await ws.accept();
    this.request.session.late = true;
    await ws.sendText("late");
  }
}

class Refusing extends WebSocketMiddleware {
  override beforeWebSocket() {
    return { code: 1008, reason: "no" };
  }
}

describe("WebSockets as in MicroPie", () => {
  test("each difference is one of a case", () => {
    expect(Object.keys(DIFFERENCES).filter((name) => !cases.some((each) => each.case === name))).toEqual([]);
  });

  test.each(cases)("$case", async ({ case: name, path, send, sendHex, offer, origin, refuse, does }) => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const app = new Golden();
    if (refuse) app.wsMiddlewares.push(new Refusing());
    const { open, refusal } = await site(app);
    const opening = { protocols: offer ?? [], ...(origin === undefined ? {} : { origin }) };
    const expected = DIFFERENCES[name] ?? does;
    if (expected.http !== undefined) {
      expect((await refusal(path, opening)).status).toBe(expected.http);
      return;
    }
    const socket = await open(path, opening);
    for (const text of send ?? []) socket.send(text);
    for (const hex of sendHex ?? []) socket.send(Buffer.from(hex, "hex"));
    const { code, reason } = await socket.closed;
    const stored = socket.cookie === undefined ? {} : await app.sessions.load(socket.cookie);
    const seen: Required<Outcome> = {
      http: 101,
      messages: socket.received.filter((each) => typeof each === "string"),
      hex: socket.received.filter((each) => typeof each !== "string").map((each) => each.toString("hex")),
      close: [code, reason],
      protocol: socket.raw.protocol,
      cookie: socket.cookie !== undefined,
      stored: Object.hasOwn(stored, "late"),
    };
    expect(seen).toMatchObject(expected);
    vi.restoreAllMocks();
  });
});
