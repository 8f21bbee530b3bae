import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { App, ConfigError, InMemorySessionBackend } from "micropie";
import { describe, expect, onTestFinished, test } from "vitest";
import { gate, quiet, textOf } from "./_client.ts";

const LOCAL = { port: 0, hostname: "127.0.0.1", signals: false } as const;

class Site extends App {
  readonly inside = gate();
  readonly hold = gate();
  index() {
    return "index";
  }
  async slow() {
    this.inside.open();
    await this.hold.passed;
    return "slow";
  }
}

describe("serve", () => {
  test("returns its URL and port, and close stops it", async () => {
    const running = await new Site().serve({ port: 0, signals: false });
    expect(running.url).toBe(`http://localhost:${running.port}/`);
    expect(await textOf(fetch(running.url))).toBe("index");
    await running.close();
    await running.close();
    await expect(fetch(running.url)).rejects.toThrow();
  });

  test("throws ConfigError for a port in use", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const attempt = new Site().serve({ ...LOCAL, port });
    await expect(attempt).rejects.toThrow(ConfigError);
    await expect(attempt).rejects.toThrow(new RegExp(`^port: ${port} is in use`));
  });

  test.each([{ port: -1 }, { port: 1.5 }, { port: 70_000 }, { shutdownTimeout: -1 }, { prot: 1 }])(
    "throws ConfigError for %o",
    async (options) => {
      await expect(new Site().serve({ ...LOCAL, ...options })).rejects.toThrow(ConfigError);
    },
  );

  test("throws ConfigError for the address of another machine", async () => {
    await expect(new Site().serve({ ...LOCAL, hostname: "203.0.113.1" })).rejects.toThrow(/^hostname: /);
  });

  test("close waits for running requests, then calls the shutdown handlers in order", async () => {
    const log: string[] = [];
    class Backend extends InMemorySessionBackend {
      override async close() {
        log.push("sessions");
        await super.close();
      }
    }
    const app = new Site({ sessionBackend: new Backend() });
    app.startupHandlers.push(
      async () => void log.push("start 1"),
      () => void log.push("start 2"),
    );
    app.shutdownHandlers.push(
      async () => void log.push("stop 1"),
      () => void log.push("stop 2"),
    );
    const running = await app.serve(LOCAL);
    expect(log).toEqual(["start 1", "start 2"]);
    const answer = fetch(`${running.url}slow`);
    await app.inside.passed;
    const closed = running.close();
    await expect(fetch(running.url)).rejects.toThrow();
    expect(log).toHaveLength(2);
    app.hold.open();
    const response = await answer;
    expect([await response.text(), response.headers.get("connection")]).toEqual(["slow", "close"]);
    await closed;
    expect(log.slice(2)).toEqual(["stop 1", "stop 2", "sessions"]);
  });

  test("close does not wait for the connection of a finished stream", async () => {
    const hold = gate();
    class Streams extends App {
      async *index() {
        yield "a";
        yield "b";
        await hold.passed;
      }
    }
    const running = await new Streams().serve(LOCAL);
    // Its headers are sent before the server closes and say keep-alive, which lasts for five seconds.
    const response = await fetch(running.url);
    const begun = performance.now();
    const closed = running.close();
    hold.open();
    expect(await response.text()).toBe("ab");
    await closed;
    expect(performance.now() - begun).toBeLessThan(4000);
  });

  test("close aborts requests that exceed shutdownTimeout", async () => {
    const app = new Site();
    const running = await app.serve({ ...LOCAL, shutdownTimeout: 0.05 });
    const answer = fetch(`${running.url}slow`);
    await app.inside.passed;
    await Promise.all([expect(answer).rejects.toThrow(), running.close()]);
  });

  test("all shutdown handlers are called, and the first error is thrown", async () => {
    const app = new Site();
    let called = false;
    app.shutdownHandlers.push(
      () => {
        throw new Error("first");
      },
      () => {
        called = true;
      },
    );
    await expect(app.shutdown()).rejects.toThrow("first");
    expect(called).toBe(true);
  });

  test("if a startup handler fails, serve rejects and every response of fetch is a 500", async () => {
    quiet();
    const app = new Site();
    let starts = 0;
    app.startupHandlers.push(() => {
      starts++;
      throw new Error("no database");
    });
    await expect(app.serve(LOCAL)).rejects.toThrow("no database");
    const request = () => app.fetch(new Request("http://localhost/"));
    expect([(await request()).status, (await request()).status, starts]).toEqual([500, 500, 1]);
  });

  test("fetch runs the startup handlers once, before the first response", async () => {
    const app = new Site();
    const ready = gate();
    const log: string[] = [];
    app.startupHandlers.push(async () => {
      log.push("start");
      await ready.passed;
      log.push("started");
    });
    const answers = [1, 2].map(async () => {
      const text = await textOf(app.fetch(new Request("http://localhost/")));
      log.push(text);
    });
    ready.open();
    await Promise.all(answers);
    expect(log).toEqual(["start", "started", "index", "index"]);
  });

  test("fetch returns a Response, not a promise, if nothing is asynchronous", () => {
    expect(new Site().fetch(new Request("http://localhost/"))).toBeInstanceOf(Response);
  });

  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s closes the server, then ends the process by that signal",
    async (signal) => {
      const script = fileURLToPath(new URL("./_signals.ts", import.meta.url));
      const child = spawn(process.execPath, ["--no-warnings", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let said = "";
      child.stdout.on("data", (text) => {
        said += text;
        const url = /listening (\S+)/.exec(said)?.[1];
        if (url !== undefined && !said.includes("asked")) {
          said += "asked ";
          void fetch(`${url}slow`).then(async (response) => {
            said += `${await response.text()} `;
          });
        }
        if (String(text).includes("inside")) child.kill(signal);
      });
      const [, endedBy] = await once(child, "close");
      expect(endedBy).toBe(signal);
      expect(said).toMatch(/stopped/);
      await expect.poll(() => said).toMatch(/done/);
    },
  );
});
