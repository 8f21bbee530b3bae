import express from "express";
import session from "express-session";
import { info, logout, type Sessions } from "micropie";
import { expect, test } from "vitest";
import { expressSessionLegacy } from "../../src/legacy/express-session.ts";
import { newSite, seenWith, serve, Visitor } from "./_site.ts";

/** The old application again, with what docs/migrate.md adds to it. */
async function homeSite(sessions: Sessions, store: session.Store): Promise<string> {
  const app = express();
  app.use(session({ secret: "the old secret", store, resave: false, saveUninitialized: false }));
  app.use(async (req, res, next) => {
    const mine = await sessions.load(req.headers.cookie);
    if (!info(mine).stored) return next();
    await new Promise((done) => req.session.regenerate(done));
    Object.assign(req.session, mine);
    await new Promise((done, failed) => req.session.save((error) => (error ? failed(error) : done(null))));
    logout(mine);
    const line = await sessions.commit(mine);
    if (line !== undefined) res.append("Set-Cookie", line);
    next();
  });
  app.get("/login", (req, res) => {
    Object.assign(req.session, { user: "ann" });
    res.end("{}");
  });
  app.get("/", (req, res) => {
    const { cookie, ...data } = req.session;
    res.json(data);
  });
  return serve(app);
}

test("there, home and there again: nobody is logged out, and what was left behind has ended", async () => {
  const store = new session.MemoryStore();
  const site = await newSite(expressSessionLegacy({ secret: "the old secret", store }));
  const home = await homeSite(site.sessions, store);
  const ann = new Visitor();
  await ann.get(home, "/login");
  expect(await ann.see(site.url, "/set?n=1")).toEqual({ user: "ann", n: "1" });
  const there = ann.header;
  expect(await ann.see(home)).toEqual({ user: "ann", n: "1" });
  expect(Object.keys(ann.cookies)).toEqual(["connect.sid"]);
  expect(await seenWith(site.url, there)).toEqual({});
  expect(await ann.see(home)).toEqual({ user: "ann", n: "1" });
  expect(await ann.see(site.url)).toEqual({ user: "ann", n: "1" });
  expect(Object.keys(ann.cookies)).toEqual(["session_id"]);
});
