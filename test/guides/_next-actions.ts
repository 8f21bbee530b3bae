import { login, logout, save, take } from "micropie";
import { expect, test } from "vitest";
import type { Guest } from "./_guest.ts";
import { next } from "./_next-site.ts";
import { count, onStage, shown } from "./_next-stage.ts";

const COOKIE = /^session_id=[\w-]{48}; Path=\/; Secure; HttpOnly; SameSite=lax$/;
const REMOVAL = /^session_id=; (?=.*Max-Age=0)(?=.*Path=\/)(?=.*HttpOnly)(?=.*Secure)(?=.*SameSite=lax)/;

/** Both ways in which a browser calls the action of `/page`: as a form, and from its script. */
const CALLS: Record<string, (guest: Guest, what?: string) => Promise<Response>> = {
  async form(guest, what = "") {
    const [, id] = /name="(\$ACTION_ID_\w+)"/.exec(await (await guest.get("/page")).text()) ?? [];
    const form = new FormData();
    form.append(id!, "");
    form.append("what", what);
    return guest.post("/page", form);
  },
  async script(guest, what = "") {
    const [, id] = /name="\$ACTION_ID_(\w+)"/.exec(await (await guest.get("/page")).text()) ?? [];
    const form = new FormData();
    form.append("_1_what", what);
    form.append("0", JSON.stringify(["$K1"]));
    return guest.post("/page", form, { "next-action": id!, accept: "text/x-component" });
  },
};
const calls = Object.entries(CALLS);

export function actionCases(): void {
  test.each(calls)("an action by %s saves, and the page that it answers shows it", (_, call) =>
    onStage(
      (ours) => ({ action: ours.action(count), page: () => shown(ours) }),
      async ({ guest, stored }) => {
        const ann = guest();
        const first = await call(ann);
        expect([first.status, first.headers.getSetCookie()]).toEqual([200, [expect.stringMatching(COOKIE)]]);
        expect(await first.text()).toContain("visits: 1");
        const second = await call(ann);
        expect(second.headers.getSetCookie()).toEqual([]);
        expect(await second.text()).toContain("visits: 2");
        expect(await stored(ann)).toEqual({ visits: 2 });
      },
    ),
  );

  test.each(calls)("a sign-in and a sign-out by %s show in the page that they answer", (_, call) =>
    onStage(
      (ours) => ({
        action: ours.action((session, form: FormData) => {
          if (form.get("what") === "out") logout(session);
          else login(session, "ann");
        }),
        page: () => shown(ours),
      }),
      async ({ guest, stored }) => {
        const ann = guest();
        expect(await (await call(ann, "in")).text()).toContain("user: ann");
        const before = new Map(ann.jar);
        expect(await (await call(ann, "in")).text()).toContain("user: ann");
        expect(ann.jar.get("session_id")).not.toBe(before.get("session_id"));
        expect(await (await guest(before).get("/page")).text()).toContain("user: nobody");
        const kept = new Map(ann.jar);
        const out = await call(ann, "out");
        expect(out.headers.getSetCookie()).toEqual([expect.stringMatching(REMOVAL)]);
        expect(await out.text()).toContain("user: nobody");
        expect(await stored(guest(kept))).toEqual({});
      },
    ),
  );

  test.each(calls)("an action by %s that ends with redirect or notFound saves", (_, call) =>
    onStage(
      (ours) => ({
        action: ours.action((session, form: FormData) => {
          count(session);
          if (form.get("what") === "away") next.redirect("/away");
          next.notFound();
        }),
        page: () => shown(ours),
        answer: () => new Response("away"),
      }),
      async ({ guest, stored }) => {
        for (const [what, form, script] of [
          ["away", 303, 200],
          ["gone", 404, 404],
        ] as const) {
          const ann = guest();
          const response = await call(ann, what);
          expect([what, response.status]).toEqual([what, call === CALLS.form ? form : script]);
          expect(await stored(ann)).toEqual({ visits: 1 });
        }
      },
    ),
  );

  test.each(calls)("actions of one request by %s, at once or one in another, have one session", (_, call) =>
    onStage(
      (ours) => {
        const hit = ours.action(count);
        const enter = ours.action(async (session) => {
          await new Promise(setImmediate);
          login(session, "ann");
        });
        const name = ours.action((session, given: string) => {
          session.name = given;
        });
        const nested = ours.action(async (session) => {
          count(session);
          await Promise.all([hit(), name("nested"), hit()]);
          count(session);
        });
        return {
          action: (form: FormData) =>
            form.get("what") === "nested" ? nested() : Promise.all([hit(), enter(), name("Ann"), hit()]),
          page: () => shown(ours),
        };
      },
      async ({ store, guest, stored }) => {
        const ann = guest();
        const response = await call(ann);
        expect(await response.text()).toContain("visits: 2, user: ann");
        expect(response.headers.getSetCookie()).toHaveLength(1);
        expect([store.count("create"), await stored(ann)]).toEqual([1, { visits: 2, name: "Ann" }]);
        await call(ann, "nested");
        expect([store.count("create"), await stored(ann)]).toEqual([1, { visits: 6, name: "nested" }]);
        const bob = guest();
        expect((await call(bob, "nested")).headers.getSetCookie()).toHaveLength(1);
        expect([store.count("create"), await stored(bob)]).toEqual([2, { visits: 4, name: "nested" }]);
      },
    ),
  );

  test("an action that a route handler calls has the session of the handler", () =>
    onStage(
      (ours) => {
        const hit = ours.action(count);
        return {
          answer: ours.route(async (_, session) => {
            count(session);
            await Promise.all([hit(), hit()]);
            return Response.json(session.visits);
          }),
        };
      },
      async ({ store, guest, stored }) => {
        const ann = guest();
        const response = await ann.get("/any");
        expect([await response.json(), response.headers.getSetCookie().length]).toEqual([3, 1]);
        expect([store.count("create"), await stored(ann)]).toEqual([1, { visits: 3 }]);
      },
    ));

  test.each(calls)("an action by %s that throws saves nothing, but for what it committed", (_, call) =>
    onStage(
      (ours) => ({
        action: ours.action(async (session, form: FormData) => {
          count(session);
          if (form.get("what") === "commit") await save(session);
          session.name = "lost";
          throw new Error("the action failed");
        }),
        page: () => "page",
      }),
      async ({ store, guest, stored }) => {
        const [ann, bob] = [guest(), guest()];
        const failed = await call(ann);
        expect([failed.status, store.writes, ann.jar.size]).toEqual([500, 0, 0]);
        expect((await call(bob, "commit")).status).toBe(500);
        expect(await stored(bob)).toEqual({ visits: 1 });
      },
    ),
  );

  test.each(calls)(
    "an action by %s whose session cannot be read or saved is an error, also with redirect",
    (_, call) =>
      onStage(
        (ours) => ({
          action: ours.action((session, form: FormData) => {
            if (form.get("what") === "out") logout(session);
            else count(session);
            if (form.get("what") === "away") next.redirect("/away");
          }),
          page: () => "page",
        }),
        async ({ store, guest, stored }) => {
          const [ann, bob] = [guest(), guest()];
          await call(ann);
          for (const [who, what, verb] of [
            [ann, "", "read"],
            [ann, "", "patch"],
            [ann, "away", "patch"],
            [ann, "out", "delete"],
            [bob, "", "create"],
            [bob, "away", "create"],
          ] as const) {
            store.fail([verb]);
            const response = await call(who, what);
            store.mend();
            expect([what, verb, response.status]).toEqual([what, verb, 500]);
            expect(response.headers.getSetCookie()).toEqual([]);
            expect(await response.text()).not.toContain("the store is down");
          }
          expect([await stored(ann), bob.jar.size]).toEqual([{ visits: 1 }, 0]);
        },
      ),
  );

  test("an exclusive action has the session alone", () =>
    onStage(
      (ours) => ({
        action: ours.action(
          async (session) => {
            const { visits = 0 } = session;
            await new Promise((resolve) => setTimeout(resolve, 1));
            session.visits = visits + 1;
          },
          { exclusive: true },
        ),
        page: () => "page",
      }),
      async ({ guest, stored }) => {
        const ann = guest();
        await CALLS.form!(ann);
        await Promise.all(Array.from({ length: 5 }, () => CALLS.form!(ann)));
        expect(await stored(ann)).toEqual({ visits: 6 });
      },
    ));

  test("a component may call one, to take a message once, as long as no cookie has to be set", () =>
    onStage(
      (ours) => ({
        action: ours.action((session, form: FormData) => {
          if (form.get("what") === "more") count(session);
          session.notice = "saved!";
          next.redirect("/away");
        }),
        page: ours.action(async (session) => (await take(session, "notice")) ?? "nothing"),
        answer: () => new Response("away"),
      }),
      async ({ guest }) => {
        for (const what of ["the message alone", "more"]) {
          const ann = guest();
          await CALLS.form!(ann, what);
          const texts = await Promise.all([1, 2, 3].map(async () => (await ann.get("/page")).text()));
          expect(texts.filter((text) => text.includes("saved!"))).toHaveLength(1);
          expect(texts.filter((text) => text.includes("nothing"))).toHaveLength(2);
        }
      },
    ));

  test("a component that calls one that makes a session is an error", () =>
    onStage(
      (ours) => ({ page: ours.action(count) }),
      async ({ guest }) => {
        const ann = guest();
        expect([(await ann.get("/page")).status, ann.jar.size]).toEqual([500, 0]);
      },
    ));
}
