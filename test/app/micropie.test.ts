import { App, InMemorySessionBackend, redirect, reply } from "micropie";
import { describe, expect, test } from "vitest";

interface Data {
  step: string;
}

class Site extends App<Data> {
  greet(name = "Guest") {
    return `Hello, ${name}!`;
  }
  async read() {
    const { request } = this;
    return {
      form: request.form("a", "none"),
      json: request.json() ?? "none",
      text: request.body === null ? "none" : await new Response(request.body).text(),
    };
  }
  step() {
    return this.request.session.step ?? "none";
  }
  moved() {
    return redirect("/there");
  }
  movedWithHeaders() {
    return reply(302, "", { location: "/there", "x-a": "1" });
  }
}

const site = () => new Site({ sessionBackend: new InMemorySessionBackend() });
const ask = async (app: App<Data>, path: string, init?: RequestInit): Promise<Response> =>
  app.fetch(new Request(`http://localhost${path}`, init));
const send = (app: App<Data>, path: string, body: string | Uint8Array<ArrayBuffer>, type?: string) =>
  ask(app, path, { method: "POST", body, headers: type === undefined ? {} : { "content-type": type } });

describe("other than in MicroPie", () => {
  test("an early answer saves the session and passes afterRequest", async () => {
    const app = site();
    app.middlewares.push({
      beforeRequest(request) {
        if (request.path !== "/greet") return undefined;
        (request as Site["request"]).session.step = "refused";
        return reply(401, "Sign in first");
      },
      afterRequest: (_request, response) => response.headers.set("x-after", "1"),
    });
    const early = await ask(app, "/greet");
    expect([early.status, early.headers.get("x-after")]).toEqual([401, "1"]);
    const cookie = early.headers.getSetCookie()[0]!.split(";", 1)[0]!;
    expect(await (await ask(app, "/step", { headers: { cookie } })).text()).toBe("refused");
  });

  test("form() does not read a JSON body", async () => {
    const response = await send(site(), "/read", '{"a":"1"}', "application/json");
    expect(await response.json()).toEqual({ form: "none", json: { a: "1" }, text: "none" });
  });

  test("a body without a content type is a stream, not a form", async () => {
    const response = await send(site(), "/read", new TextEncoder().encode("a=1"));
    expect(await response.json()).toEqual({ form: "none", json: "none", text: "a=1" });
  });

  test("an empty JSON body is no body, not a 400", async () => {
    for (const body of ["", new Uint8Array()]) {
      const response = await send(site(), "/read", body, "application/json");
      expect([response.status, await response.json()]).toEqual([
        200,
        { form: "none", json: "none", text: "none" },
      ]);
    }
  });

  test("an unknown path is a 404 before its body is read; only with middlewares bad JSON comes first", async () => {
    const app = site();
    expect((await send(app, "/nowhere", "{", "application/json")).status).toBe(404);
    app.middlewares.push({});
    expect((await send(app, "/nowhere", "{", "application/json")).status).toBe(400);
  });

  test("a slash at the end is no empty argument, and two at the beginning are not one", async () => {
    expect(await (await ask(site(), "/greet/")).text()).toBe("Hello, Guest!");
    expect((await ask(site(), "//greet")).status).toBe(404);
  });

  test("redirect takes a status; reply takes headers", async () => {
    const app = site();
    const headers = async (path: string) => {
      const response = await ask(app, path);
      return [response.status, response.headers.get("location"), response.headers.get("x-a")];
    };
    expect(await headers("/moved")).toEqual([302, "/there", null]);
    expect(await headers("/movedWithHeaders")).toEqual([302, "/there", "1"]);
  });
});
