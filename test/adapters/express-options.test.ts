import type { Request } from "express";
import type { Session } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import type { DemoData } from "micropie/testing";
import { describe, test } from "vitest";
import { answer, errorPage, listen, newApp, route } from "./_express-server.ts";
import { optionCases } from "./_option-cases.ts";
import { type StartMounted, useOptions } from "./_option-site.ts";

describe.each(["5", "4"] as const)("options on Express %s", (version) => {
  const start: StartMounted = (mounts, demo) => {
    const app = newApp(version);
    for (const { sessions, options } of mounts) {
      app.use(
        expressSessions(sessions, { ...useOptions(options, (req: Request) => req.path), onError: () => {} }),
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
