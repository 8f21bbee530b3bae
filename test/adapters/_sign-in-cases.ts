import assert from "node:assert/strict";
import { type AccessError, login } from "micropie";
import { requireFresh, requireUser } from "micropie/guards";
import type { Jar } from "./_jar.ts";
import type { OptionCaseOn } from "./_option-cases.ts";

const PAGE = { accept: "text/html,*/*;q=0.8", "sec-fetch-mode": "navigate" };
const FETCH = { accept: "*/*", "sec-fetch-mode": "cors" };

/** What a guard throws is answered by the adapter, where the option `signIn` says where users sign in. */
export const signInCases: readonly OptionCaseOn[] = [
  {
    name: "signIn: a page that needs a user sends its browser to sign in, with the way back, and saves nothing",
    wanted: [{ mount: { signIn: "/sign-in" } }],
    async run({ act, jar, stores }) {
      act((session) => {
        session.visits = 99;
        return requireUser(session);
      });
      for (const headers of [PAGE, { accept: "text/html" }]) {
        stores[0]!.forget();
        const { status, headers: told, setCookie, text } = await jar().get("/act?year=2026&b=%26", headers);
        assert.deepEqual(
          [status, told.location, setCookie, text],
          [303, "/sign-in?back=%2Fact%3Fyear%3D2026%26b%3D%2526", [], ""],
        );
        assert.match(String(told["cache-control"]), /no-store/);
        assert.deepEqual(stores[0]!.calls, []);
      }
    },
  },
  {
    name: "signIn: anything but a page gets what is asked for in JSON",
    wanted: [{ mount: { signIn: "/sign-in" } }],
    async run({ act, jar }) {
      act((session) => requireUser(session));
      for (const headers of [FETCH, { accept: "*/*" }, { accept: "text/html", "sec-fetch-mode": "cors" }]) {
        const { status, headers: told, text } = await jar().get("/act", headers);
        assert.equal(status, 401);
        assert.match(String(told["content-type"]), /^application\/json/);
        assert.deepEqual(JSON.parse(text), { code: "no_user", message: "Sign in first." });
      }
    },
  },
  {
    name: "signIn: a sign-in that lacks a factor is told which, and for how long it counts",
    wanted: [{ mount: { signIn: ({ code }) => (code === "no_user" ? "/sign-in" : "/confirm?step=2") } }],
    async run({ act, jar }) {
      const ann = await signedIn(act, jar);
      act((session) => requireFresh(session, "10m", "totp"));
      const page = await ann.get("/act", PAGE);
      assert.deepEqual(
        [page.status, page.headers.location],
        [303, "/confirm?step=2&back=%2Fact&max_age=600&by=totp"],
      );
      const { status, text } = await ann.get("/act", FETCH);
      assert.equal(status, 401);
      assert.deepEqual(JSON.parse(text), {
        code: "not_fresh",
        message: "Prove totp: once in 10m.",
        maxAge: 600,
        by: ["totp"],
      });
      assert.match(String((await jar().get("/act", PAGE)).headers.location), /^\/sign-in\?/);
    },
  },
  {
    name: "signIn: a form leads back to its own page, and to no other site",
    wanted: [{ mount: { signIn: "/sign-in" } }],
    async run({ act, jar }) {
      act((session) => requireUser(session));
      const ann = jar();
      const sent = async (referer?: string): Promise<unknown> => {
        const headers = { ...PAGE, ...(referer === undefined ? {} : { referer }) };
        const { status, headers: told } = await ann.ask("/act", { method: "POST", headers });
        return [status, told.location];
      };
      assert.deepEqual(await sent(`http://${ann.host}/basket?a=1`), [303, "/sign-in?back=%2Fbasket%3Fa%3D1"]);
      assert.deepEqual(await sent("https://evil.example/basket"), [303, "/sign-in"]);
      assert.deepEqual(await sent(), [303, "/sign-in"]);
    },
  },
  {
    name: "signIn: a handler that catches what a guard throws answers itself",
    wanted: [{ mount: { signIn: "/sign-in" } }],
    async run({ act, jar }) {
      act((session) => {
        try {
          return requireUser(session);
        } catch (error) {
          return (error as AccessError).code;
        }
      });
      const { status, text } = await jar().get("/act", PAGE);
      assert.deepEqual([status, text], [200, "no_user"]);
    },
  },
  {
    name: "signIn: other errors are the framework's affair",
    wanted: [{ mount: { signIn: "/sign-in" } }],
    async run({ act, jar }) {
      act(() => {
        throw new Error("the handler failed");
      });
      const { headers } = await jar().get("/act", PAGE);
      assert.equal(headers.location, undefined);
    },
  },
];

/** Where the framework answers an error of a handler with the error's status. */
export const guardStatusCases: readonly OptionCaseOn[] = [
  {
    name: "what a guard throws is a 401, for pages too, where nothing says where users sign in",
    wanted: [{}],
    async run({ act, jar }) {
      act((session) => requireUser(session));
      assert.equal((await jar().get("/act", PAGE)).status, 401);
      const ann = await signedIn(act, jar);
      act((session) => requireFresh(session, "10m", "totp"));
      assert.equal((await ann.get("/act", FETCH)).status, 401);
    },
  },
];

async function signedIn(
  act: (handler: (session: Parameters<typeof login>[0]) => string) => void,
  jar: () => Jar,
): Promise<Jar> {
  act((session) => {
    login(session, "ann", { by: ["password"] });
    return "in";
  });
  const ann = jar();
  await ann.get("/act");
  return ann;
}
