import { App, del, get, HttpMiddleware, info, login, patch, post, put } from "micropie";
import { expect, test } from "vitest";

class Notes extends App<{ name: string }> {
  readonly seen: (string | undefined)[] = [];
  index() {
    return this.request.method;
  }
  sign = post((name = this.request.form("name", "")) => {
    login(this.request.session, name);
    return info(this.request.session).userId;
  });
  read = get(() => "a note");
  note = put(patch(del(async (id: string) => `${this.request.method} ${id}`)));
}

const ask = (app: App<never> | Notes, method: string, path: string, body?: string) =>
  (app as Notes).fetch(
    new Request(`http://localhost${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { body, headers: { "content-type": "application/x-www-form-urlencoded" } }),
    }),
  );

test.each([
  ["POST", "/sign", "name=ann", 200],
  ["GET", "/sign", undefined, 405],
  ["HEAD", "/sign", undefined, 405],
  ["PUT", "/sign", "name=ann", 405],
  ["GET", "/read", undefined, 200],
  ["HEAD", "/read", undefined, 200],
  ["POST", "/read", "", 405],
  ["PUT", "/note/7", "", 200],
  ["PATCH", "/note/7", "", 200],
  ["DELETE", "/note/7", undefined, 200],
  ["GET", "/note/7", undefined, 405],
  ["PUT", "/note", "", 400],
  ["OPTIONS", "/", undefined, 200],
] as const)("%s %s with %j is answered %i", async (method, path, body, status) => {
  expect((await ask(new Notes(), method, path, body)).status).toBe(status);
});

test("a method that a route does not take is told which it takes, and asks for no session", async () => {
  const app = new Notes();
  const answer = await ask(app, "GET", "/note/7");
  expect(answer.headers.get("allow")).toBe("DELETE, PATCH, PUT");
  expect(await answer.text()).toBe("405 Method Not Allowed: Use DELETE, PATCH, PUT");
  expect(answer.headers.get("vary")).toBeNull();
});

test("a middleware sees the route and the refusal", async () => {
  const app = new Notes();
  app.middlewares.push(
    new (class extends HttpMiddleware {
      override beforeRequest(): void {
        app.seen.push(app.request.route);
      }
    })(),
  );
  expect((await ask(app, "GET", "/sign")).status).toBe(405);
  expect(app.seen).toEqual(["sign"]);
});

test("an empty name given to login is a 400", async () => {
  const answer = await ask(new Notes(), "POST", "/sign", "name=");
  expect(answer.status).toBe(400);
  expect(await answer.text()).toBe("400 Bad Request");
});

test("anything but a function is refused", () => {
  expect(() => post("sign" as never)).toThrow(TypeError);
});
