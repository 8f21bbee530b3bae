import type { SessionBackend } from "micropie";
import { virtualEnvironment } from "micropie/testing";
import { afterAll, beforeAll, describe, onTestFinished } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { stores } from "../testing/stores.ts";
import { newCase, type Opened as OpenedPostgres, openPool } from "./_postgres.ts";
import { CLIENTS, Keyspace, nodeOf, type Opened as OpenedRedis, testStore } from "./_redis.ts";

/** An empty store for one test, and what makes all it holds so many seconds older. */
export interface Aging {
  readonly backend: SessionBackend;
  advance(seconds: number): Promise<void>;
}

/** Defines tests for each back-end, those on servers among them. */
export async function onEveryBackend(define: (create: () => Promise<Aging>) => void): Promise<void> {
  describe.each(Object.entries(stores))("on %s", (_, create) => {
    define(async () => {
      const clock = virtualEnvironment();
      return { backend: create(clock.now), advance: async (seconds) => clock.advance(seconds) };
    });
  });
  await onServer("redis", ({ url }) => {
    let opened: OpenedRedis;
    let keyspace: Keyspace;
    beforeAll(async () => {
      opened = await CLIENTS["node-redis"]([nodeOf(url)]);
      keyspace = new Keyspace([nodeOf(url)]);
    });
    afterAll(async () => {
      await opened.close();
      keyspace.close();
    });
    define(async () => {
      const { backend, advance, close } = testStore(keyspace, opened);
      onTestFinished(() => close?.());
      return { backend: backend as SessionBackend, advance: async (seconds) => advance?.(seconds) };
    });
  });
  await onServer("postgres", ({ url }) => {
    let opened: OpenedPostgres;
    beforeAll(() => {
      opened = openPool(url);
    });
    afterAll(() => opened.end());
    define(async () => {
      const { backend, advance, drop } = newCase(opened);
      onTestFinished(drop);
      await backend.ready();
      return { backend, advance };
    });
  });
}
