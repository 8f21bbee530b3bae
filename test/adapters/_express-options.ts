import type { Request } from "express";
import type { Session } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import type { DemoData } from "micropie/testing";
import { describe, test } from "vitest";
import { answer, type EXPRESS, errorPage, listen, newApp, route } from "./_express-server.ts";
import { optionCases } from "./_option-cases.ts";
import { type StartMounted, useOptions } from "./_option-site.ts";

/** The options of all adapters, on one release of Express. */
export function expressOptions(version: keyof typeof EXPRESS): void {
  describe(`options on Express ${version}`, () => {
    const start: StartMounted = (mounts, demo) => {
      const app = newApp(version);
      for (const { sessions, options } of mounts) {
        app.use(
          expressSessions(sessions, {
            ...useOptions(options, (req: Request) => req.path),
            onError: () => {},
          }),
        );
      }
      app.use(
        route(async (req, res) => {
          const named = req as unknown as Record<string, Session<DemoData>>;
          await answer(res, await demo({ path: req.path, session: (as) => named[as]! }));
        }),
      );
      app.use(errorPage);
      return listen(app);
    };
    for (const { name, run } of optionCases(start)) test(name, run);
  });
}
