import { InMemorySessionBackend, type SessionBackend } from "micropie";
import { GatedBackend } from "micropie/testing";
import { expect, test } from "vitest";

/** An event of Amazon's API Gateway. */
type Event = ReturnType<typeof eventWith>;
interface Answer {
  readonly statusCode: number;
  readonly headers?: Record<string, string>;
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly body: string;
}
type Lambda = (event: Event, context: object) => Promise<Answer>;
interface Functions {
  readonly express: Lambda;
  readonly fastify: Lambda;
  fetch(request: Request): Promise<Response>;
}

// By a name that is not known here: the program declares the data of its sessions for itself alone.
const program = "../../examples/serverless/functions.ts";
const { functionsOn } = (await import(program)) as { functionsOn(backend: SessionBackend): Functions };

function eventWith(cookie: string) {
  const headers: Record<string, string> = { host: "localhost", "x-forwarded-proto": "https", cookie };
  const multiValueHeaders = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value]]),
  );
  return { httpMethod: "GET", path: "/", headers, multiValueHeaders, requestContext: {}, body: null };
}

/** What each host passes to a function, and what the visitor gets. */
const WAYS: Readonly<
  Record<keyof Functions, (on: Functions, cookie: string) => Promise<[number, string, string]>>
> = {
  express: (on, cookie) => answered(on.express(eventWith(cookie), {})),
  fastify: (on, cookie) => answered(on.fastify(eventWith(cookie), {})),
  async fetch(on, cookie) {
    const answer = await on.fetch(new Request("https://localhost/", { headers: { cookie } }));
    return [answer.status, await answer.text(), answer.headers.getSetCookie()[0] ?? ""];
  },
};

async function answered(run: Promise<Answer>): Promise<[number, string, string]> {
  const { statusCode, body, headers, multiValueHeaders } = await run;
  return [statusCode, body, headers?.["set-cookie"] ?? multiValueHeaders?.["set-cookie"]?.[0] ?? ""];
}

test("serverless functions of two instances and three frameworks count the visits of one session", async () => {
  const store = new InMemorySessionBackend();
  const instances = [functionsOn(store), functionsOn(store)];
  let [cookie, visits] = ["", 0];
  for (const ask of Object.values(WAYS)) {
    for (const instance of instances) {
      const [status, body, line] = await ask(instance, cookie);
      expect([status, body]).toEqual([200, `visit ${++visits}`]);
      if (visits === 1) cookie = line.split(";")[0]!;
      else expect(line).toBe("");
    }
  }
  expect(visits).toBe(6);
});

test("serverless functions answer 503 while the store is down", async () => {
  const store = new GatedBackend(new InMemorySessionBackend());
  const functions = functionsOn(store);
  store.fail(["create"]);
  for (const ask of Object.values(WAYS)) {
    const [status, body, line] = await ask(functions, "");
    expect([status, line]).toEqual([503, ""]);
    expect(body).not.toContain("visit");
  }
});
