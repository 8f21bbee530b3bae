import type { FastifyInstance, FastifyRequest } from "fastify";
import {
  createSessions,
  type SessionBackend,
  type SessionData,
  type SessionOptions,
  type Sessions,
} from "micropie";
import type { FastifySession } from "micropie/adapters/fastify";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { GatedBackend } from "micropie/testing";
import { onTestFinished } from "vitest";
import { Jar } from "./_jar.ts";

/** What the tests keep. Not by augmentation: @fastify/session's types are around in other tests. */
export interface Data extends SessionData {
  visits: number;
  name: string;
}

export function sessionOf(request: FastifyRequest): FastifySession<Data> {
  return request.getDecorator<FastifySession<Data>>("session");
}

export function count(request: FastifyRequest): number {
  const session = sessionOf(request);
  session.visits = (session.visits ?? 0) + 1;
  return session.visits;
}

/** Sessions on a store that answers at once, or later. */
export function newSessions(
  options: SessionOptions<Data> = {},
  later = false,
): { store: GatedBackend; sessions: Sessions<Data> } {
  const memory = new InMemorySessionBackend();
  const store = new GatedBackend(later ? answeringLater(memory) : memory);
  return { store, sessions: createSessions<Data>({ ...options, backend: store }) };
}

const LATER = new Set(["read", "create", "patch", "touch", "delete"]);

function answeringLater(backend: SessionBackend): SessionBackend {
  return new Proxy(backend, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (!LATER.has(String(name))) return member.bind(target);
      return async (...args: unknown[]) => Reflect.apply(member, target, args);
    },
  });
}

/** Serves until the test is over. */
export async function listen(app: FastifyInstance): Promise<{ url: string; port: number; jar(): Jar }> {
  // With http2, Fastify has an instance of another type; all that is used here is the same.
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(async () => {
    await app.close();
  });
  return { url, port: Number(new URL(url).port), jar: () => new Jar(url) };
}
