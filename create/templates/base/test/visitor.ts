import { after } from "node:test";
import { serve } from "../src/app.ts";
import { openSessions } from "../src/sessions.ts";
import { openTestStore } from "./store.ts";

const store = await openTestStore();
const sessions = openSessions(store);
const server = await serve(sessions, 0, "localhost");
after(async () => {
  await server.close();
  await sessions.close();
  await store.close();
});

/** A browser, which keeps its cookie. */
export class Visitor {
  readonly #userAgent: string;
  /** What it sends as the Cookie header. */
  cookie = "";

  constructor(userAgent = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0") {
    this.#userAgent = userAgent;
  }

  get(path: string): Promise<Page> {
    return this.#send(path, {});
  }

  post(path: string, form: Record<string, string> = {}): Promise<Page> {
    return this.#send(path, { method: "POST", body: new URLSearchParams(form) });
  }

  signIn(name: string, password: string, back = "/"): Promise<Page> {
    return this.post("/login", { name, password, back });
  }

  async #send(path: string, init: RequestInit): Promise<Page> {
    const headers = { "user-agent": this.#userAgent, ...(this.cookie && { cookie: this.cookie }) };
    const response = await fetch(new URL(path, server.url), { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie())
      this.cookie = /Max-Age=0/i.test(line) ? "" : line.split(";", 1)[0]!;
    const { status } = response;
    return { status, location: response.headers.get("location"), text: await response.text() };
  }
}

/** What came back. */
export interface Page {
  readonly status: number;
  readonly location: string | null;
  readonly text: string;
}
