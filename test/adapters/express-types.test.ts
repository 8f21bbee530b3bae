import { execFile } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

const APP = `
import express, { type Request } from "express";
import { createSessions } from "micropie";
import { type ExpressRequest, type ExpressSession, expressSessions } from "micropie/adapters/express";

export interface Data { visits: number; name: string }
export const app = express();
const sessions = createSessions<Data>();
app.use(expressSessions(sessions, {
  skip: (req: Request) => req.path === "/health",
  exclusive: (req: Request) => req.method === "POST",
  onError: (error, req) => console.error(req.originalUrl, error),
}));
app.use("/admin", expressSessions(sessions, { as: "admin", skip: ["/admin/health"] }));
`;

/** What does with the session all that its types should allow. */
const USE = `
  req.session.visits = (req.session.visits ?? 0) + 1;
  req.session = { name: "ann" };
  const id: string = req.sessionID + req.session.id;
  req.session.cookie.maxAge = 3_600_000;
  req.session.cookie.maxAge = null;
  req.session.cookie.expires = new Date();
  req.session.regenerate((error) => error && next(error));
  req.session.save((error) => next(error));
  req.session.touch().resetMaxAge();
  await req.session.save();
  await req.session.destroy();
  // @ts-expect-error
  req.session.visits = "three";
  // @ts-expect-error
  req.session.cookie.originalMaxAge = 1;
  res.json({ id, sent: req.params.id.toUpperCase() });
`;

const PROGRAMS: Record<string, string> = {
  "without any declaration": `${APP}
app.get("/:id", async (request, res, next) => {
  const req = request as ExpressRequest<Data, typeof request>;
  ${USE}
});
app.get("/two", (request, res) => {
  const { admin } = request as ExpressRequest<Data, Request, "admin">;
  admin.visits = 1;
  // @ts-expect-error
  admin.visits = "three";
  res.end();
});`,
  "with the declaration of one's own": `${APP}
declare global {
  namespace Express {
    interface Request { get session(): ExpressSession<Data>; set session(data: Partial<Data>); sessionID: string }
  }
}
app.get("/:id", async (req, res, next) => { ${USE} });`,
  "with the types of express-session": `${APP}
import "express-session";
declare module "express-session" {
  interface SessionData { visits: number; user: { id: string } }
}
app.get("/", (req, res, next) => {
  req.session.visits = (req.session.visits ?? 0) + 1;
  const user: { id: string } | undefined = req.session.user;
  req.session.cookie.maxAge = 3_600_000;
  req.session.regenerate((error) => req.session.save((failed) => next(error ?? failed)));
  // @ts-expect-error
  req.session.visits = "three";
  res.json([user, req.sessionID, req.session.id]);
});
app.get("/:id", async (request, res, next) => {
  const req = request as ExpressRequest<Data, typeof request>;
  req.session.name = "ann";
  req.session.regenerate((error) => next(error));
  req.session.touch().resetMaxAge();
  await req.session.save();
  res.end();
});`,
};

const folder = join(root, ".tmp/express-types");

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

// Each is a program of its own: what one declares, all of its files have.
test.each(Object.keys(PROGRAMS))("an application compiles %s", async (name) => {
  const at = join(folder, name.replaceAll(/\W/g, "-"));
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, "app.ts"), PROGRAMS[name]!);
  const config = {
    extends: "../../../tsconfig.json",
    compilerOptions: { noUnusedLocals: false },
    include: ["."],
  };
  writeFileSync(join(at, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(root, "node_modules/.bin/tsc");
  const run = promisify(execFile)(process.execPath, [tsc, "-p", at], { cwd: root });
  const output = await run.then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
  expect(output).toBe("");
});
