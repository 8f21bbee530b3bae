import { type AdapterSuiteOptions, adapterSuite, type SuiteCase } from "micropie/testing";
import type { DemoApp } from "./demo-apps.ts";

/** Cases by what they are about. */
export type Groups = Readonly<Record<string, readonly SuiteCase[]>>;

/** A site that is served, or will be. */
export type Serving = ReturnType<AdapterSuiteOptions["start"]>;

/** The adapter suite for one adapter on one server. */
export function suiteOf<T>(
  app: DemoApp<T>,
  serve: (made: T) => Serving,
  knowsAddress = true,
): readonly SuiteCase[] {
  const { make, ways, passesErrorsOn = false, assigns = true } = app;
  return adapterSuite({
    start: (sessions, demo) => serve(make(sessions, demo)),
    ways,
    passesErrorsOn,
    assigns,
    knowsAddress,
  });
}
