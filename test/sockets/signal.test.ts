import { expect, test, vi } from "vitest";
import { createSessions, login, logout } from "../../src/index.ts";
import { endWithSession } from "../../src/sockets/end-with-session.ts";
import { SessionEndedError, signal } from "../../src/sockets/signal.ts";

const sessions = createSessions<{ visits?: number }>();

async function signedIn(): Promise<{ session: Awaited<ReturnType<typeof sessions.load>>; end(): unknown }> {
  const first = await sessions.load();
  login(first, "ann");
  const cookie = (await sessions.commit(first))!;
  const session = await sessions.load(cookie.split(";")[0]);
  return { session, end: () => sessions.revoke({ userId: "ann" }) };
}

test("a signal aborts when the session ends, and its reason says why", async () => {
  const { session, end } = await signedIn();
  const [one, two] = [signal(session), signal(session)];
  expect(one.aborted).toBe(false);
  const onAbort = vi.fn();
  one.addEventListener("abort", onAbort);
  await end();
  expect(onAbort).toHaveBeenCalledTimes(1);
  for (const each of [one, two, signal(session)]) {
    expect(each.aborted).toBe(true);
    expect(each.reason).toBeInstanceOf(SessionEndedError);
    expect(each.reason).toMatchObject({ code: "ended", reason: "revoked", status: 409 });
  }
});

test("what waits for a signal rejects with the reason", async () => {
  const { session } = await signedIn();
  const waiting = new Promise((_, reject) => {
    const own = signal(session);
    own.addEventListener("abort", () => reject(own.reason));
  });
  logout(session);
  await sessions.commit(session);
  await expect(waiting).rejects.toMatchObject({ code: "ended", reason: "logged_out" });
});

test("anything that is no session is refused", () => {
  expect(() => signal({} as never)).toThrow(expect.objectContaining({ code: "not_live" }));
  expect(() => endWithSession(new AbortController(), {} as never)).toThrow(
    expect.objectContaining({ code: "not_live" }),
  );
});

test("an AbortController is aborted", async () => {
  const { session, end } = await signedIn();
  const controller = endWithSession(new AbortController(), session);
  await end();
  expect(controller.signal.reason).toMatchObject({ code: "ended", reason: "revoked" });
});

test("the body of a Response ends, with what was sent until then, and its source is canceled", async () => {
  const { session, end } = await signedIn();
  const canceled = vi.fn();
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode("data: 1\n\n"));
    },
    cancel: canceled,
  });
  const headers = { "Content-Type": "text/event-stream" };
  const response = endWithSession(new Response(source, { status: 201, headers }), session);
  expect(response.status).toBe(201);
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  expect(new TextDecoder().decode(value)).toBe("data: 1\n\n");
  const next = reader.read();
  await end();
  expect(await next).toEqual({ done: true, value: undefined });
  expect(canceled).toHaveBeenCalledWith(expect.objectContaining({ reason: "revoked" }));
});

test("a stream that ends by itself, fails or is canceled does so as before", async () => {
  const { session } = await signedIn();
  expect(await endWithSession(new Response("whole"), session).text()).toBe("whole");
  expect(endWithSession(new Response(null, { status: 204 }), session).status).toBe(204);
  const failing = new ReadableStream({ pull: () => Promise.reject(new Error("disk")) });
  await expect(new Response(endWithSession(failing, session)).text()).rejects.toThrow("disk");
  const canceled = vi.fn();
  await endWithSession(new ReadableStream({ cancel: canceled }), session).cancel("enough");
  expect(canceled).toHaveBeenCalledWith("enough");
});

test("a generator returns, also while it waits, and runs its finally", async () => {
  const { session, end } = await signedIn();
  const cleaned = Promise.withResolvers<void>();
  async function* events(): AsyncGenerator<number> {
    try {
      for (let n = 1; n <= 3; n++) yield n;
      await new Promise((resolve) => setTimeout(resolve, 0));
      for (;;) yield 4;
    } finally {
      cleaned.resolve();
    }
  }
  const seen: number[] = [];
  for await (const event of endWithSession(events(), session)) {
    seen.push(event);
    if (seen.length === 10) await end();
  }
  expect(seen.slice(0, 4)).toEqual([1, 2, 3, 4]);
  expect(seen).toHaveLength(10);
  await cleaned.promise;
});

test("a response of Node is ended, and not watched any more once it is closed", async () => {
  const { session, end } = await signedIn();
  const closing: (() => void)[] = [];
  const response = () => ({
    end: vi.fn(),
    on: (_: "close", listener: () => void) => closing.push(listener),
  });
  const [open, closed] = [response(), response()];
  endWithSession(open, session);
  endWithSession(closed, session);
  closing[1]!();
  await end();
  expect(open.end).toHaveBeenCalledTimes(1);
  expect(closed.end).not.toHaveBeenCalled();
});

test("what cannot end is refused", async () => {
  const { session } = await signedIn();
  expect(() => endWithSession("text" as never, session)).toThrow(TypeError);
});
