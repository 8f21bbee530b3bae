import { createHash } from "node:crypto";
import {
  App,
  HttpError,
  HttpMiddleware,
  html,
  info,
  login,
  logout,
  mount,
  redirect,
  reply,
  update,
} from "micropie";
import { type Gate, gate } from "micropie/testing";

export interface Data {
  visits: number;
  name: string;
  parts: number;
  since: Date;
  seen: Set<string>;
  [key: string]: unknown;
}

class Shop extends App<Data> {
  index(): string {
    return `shop of ${this.request.session.name ?? "nobody"}`;
  }
}

class Stamp extends HttpMiddleware {
  override afterRequest(_: unknown, response: Response): void {
    response.headers.set("x-stamp", "after");
  }
}

/** An application that uses all that `App` has. */
export class SiteApp extends App<Data> {
  /** A stream waits here after its first part. */
  readonly stream: Gate = gate();
  /** Open when an endless stream has come to its end. */
  readonly left: Gate = gate();

  constructor() {
    super({ exclusive: ["alone"], limits: { fileSize: 6_000_000, bodySize: 10_000 } });
    this.middlewares.push(new Stamp(), mount("/shop", new Shop()));
  }

  index(): unknown {
    return html`<p>${this.request.query("name", "nobody")}</p>`;
  }

  greet(name: string, greeting = "Hello"): string {
    return `${greeting}, ${name}!`;
  }

  visit(): number {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    return session.visits;
  }

  rich(): unknown {
    const { session } = this.request;
    if (session.since === undefined) Object.assign(session, { since: new Date(0), seen: new Set(["a"]) });
    return [session.since instanceof Date && session.since.toISOString(), [...(session.seen ?? [])]];
  }

  login(name: string): string {
    login(this.request.session, name);
    this.request.session.name = name;
    return name;
  }

  async devices(): Promise<unknown> {
    const { userId } = info(this.request.session);
    return userId === undefined
      ? []
      : (await this.sessions.list({ userId }).toArray()).map(({ handle }) => handle);
  }

  logout(): unknown {
    logout(this.request.session);
    return redirect("/", 303);
  }

  count(): Promise<number> {
    return update(this.request.session, "visits", (visits = 0) => visits + 1);
  }

  async alone(): Promise<number> {
    const { session } = this.request;
    const { visits = 0 } = session;
    await new Promise((resolve) => setTimeout(resolve, 2));
    session.visits = visits + 1;
    return session.visits;
  }

  async form(): Promise<unknown> {
    return { name: this.request.form("name", "nobody"), all: this.request.formAll("item") };
  }

  json(): unknown {
    return { value: this.request.json("value", null) };
  }

  async upload(): Promise<unknown> {
    const files: unknown[] = [];
    for await (const file of this.request.files) {
      const hash = createHash("sha256");
      let size = 0;
      for await (const chunk of file.stream) {
        hash.update(chunk);
        size += chunk.length;
      }
      files.push([file.name, file.filename, file.type, size, hash.digest("hex")]);
    }
    return { title: this.request.form("title", ""), files };
  }

  echo(): unknown {
    return reply(200, this.request.body, { "content-type": "text/plain" });
  }

  async *parts(): AsyncGenerator<string> {
    const { session } = this.request;
    session.parts = 1;
    yield "one,";
    await this.stream.wait();
    session.parts = 2;
    yield "two";
  }

  events(): unknown {
    return reply(200, this.#events(), { "content-type": "text/event-stream" });
  }

  async *#events(): AsyncGenerator<string> {
    await this.stream.wait();
    yield "data: one\n\n";
  }

  async *endless(): AsyncGenerator<string> {
    const { session } = this.request;
    session.name = "watching";
    try {
      for (;;) {
        yield "tick,";
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } finally {
      session.name = "gone";
      this.left.open();
    }
  }

  answer(kind: string): unknown {
    switch (kind) {
      case "bytes":
        return new Uint8Array([1, 2, 3]);
      case "blob":
        return new Blob(["text"], { type: "text/csv" });
      case "array":
        return [1, { two: 2 }];
      case "reply":
        return reply(201, "made", { "x-a": "1" });
      case "response":
        return new Response("own", { status: 202, headers: { "x-b": "2" } });
      default:
        return undefined;
    }
  }

  broken(): never {
    this.request.session.visits = 99;
    throw new Error("details");
  }

  refused(): never {
    throw new HttpError(418, "no coffee");
  }
}
