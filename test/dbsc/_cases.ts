import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { info, login, logout, rotate } from "micropie";
import { fetchSessions } from "micropie/adapters/fetch";
import { bind, bindingOf, type Dbsc, type DbscOptions, dbsc } from "micropie/dbsc";
import type { BackendSuiteOptions, SuiteCase } from "micropie/testing";
import { inTime } from "micropie/testing/suite-case";
import { type Data, inWorld, type World } from "micropie/testing/world";
import { DeviceBrowser } from "./_device.ts";

/** What one case works with. */
interface Place extends World {
  readonly binding: Dbsc;
  /** A new server on the store. */
  server(options?: DbscOptions): (request: Request) => Promise<Response>;
  /** A new browser in front of a new server. */
  device(options?: DbscOptions): DeviceBrowser;
  /** A browser whose session is bound. */
  bound(options?: DbscOptions): Promise<DeviceBrowser>;
}

interface DbscCase {
  readonly name: string;
  run(place: Place): Promise<void>;
}

const SHORT = "session_id_bound";

/** What a page says: who is signed in, and how the request stands to the device. */
const ANN = "ann bound";
const NOBODY = "nobody refused";

const CASES: DbscCase[] = [
  {
    name: "D1: a sign-in offers to register a key, and nothing else does",
    async run({ device, binding }) {
      const browser = device();
      browser.plain = true;
      assert.equal(await browser.open("/me"), "nobody unbound");
      const answer = await browser.open("/login/ann");
      assert.match(
        answer,
        /^offered \(ES256 RS256\);path="\/\.micropie\/dbsc";challenge="[\w.-]+"; no-store$/,
      );
      assert.equal(await browser.open("/me"), "ann unbound");
      assert.deepEqual(binding.counts, { signIns: 1, bound: 0 });
    },
  },
  {
    name: "D2, D3: a registration without a body is answered with instructions, and attributes equal those of the cookie",
    async run({ device, heard }) {
      const browser = device();
      const errors = heard("backend_failed");
      await browser.open("/login/ann");
      const { id, cookie, attributes, url } = browser.bound!;
      assert.deepEqual([cookie, url, id.length], [SHORT, "/.micropie/dbsc", 24]);
      const line = browser.lines.find((each) => each.startsWith(`${SHORT}=`))!;
      const [, ...rest] = line.split("; ");
      assert.deepEqual(rest.filter((part) => !part.startsWith("Max-Age=")).join("; "), attributes);
      assert.equal(attributes, "Path=/; HttpOnly; Secure; SameSite=Lax");
      assert.deepEqual(errors, []);
    },
  },
  {
    name: "D2: a registration is refused if anything of it is wrong, and the session goes on unbound",
    async run({ device }) {
      const browser = device();
      browser.plain = true;
      const offer = await browser.open("/login/ann");
      const [, challenge = ""] = /challenge="([\w.-]+)"/.exec(offer)!;
      const key = await browser.createKey();
      const { kty, crv, x, y } = await webcrypto.subtle.exportKey("jwk", key.publicKey);
      const jwk = { kty, crv, x, y };
      const other = await browser.createKey();
      const good = await browser.proof(challenge, key, { jwk });
      const register = (proof: string, cookie = browser.jar) => post(browser, proof, cookie);
      const flipped = `${good.slice(0, -10)}${good.at(-10) === "A" ? "B" : "A"}${good.slice(-9)}`;
      const wrong = {
        "no proof": "",
        "no JWT": "a.b",
        "no key": await browser.proof(challenge, key),
        "the key of somebody else": await browser.proof(challenge, other, { jwk }),
        "another challenge": await browser.proof(`${challenge.slice(0, -1)}?`, key, { jwk }),
        "an invented challenge": await browser.proof("invented", key, { jwk }),
        "the algorithm none": await browser.proof(challenge, key, { jwk, alg: "none" }),
        "another algorithm than that of the key": await browser.proof(challenge, key, { jwk, alg: "RS256" }),
        "another type": await browser.proof(challenge, key, { jwk, typ: "JWT" }),
        "a point that is not on the curve": await browser.proof(challenge, key, { jwk: { ...jwk, y: x } }),
        "a changed signature": flipped,
      };
      for (const [name, proof] of Object.entries(wrong)) assert.equal(await register(proof), 403, name);
      assert.equal(await register(good, new Map()), 403, "no cookie");
      assert.equal(await browser.open("/me"), "ann unbound");
      assert.equal(await register(good), 200);
    },
  },
  {
    name: "D2: RS256 and structured strings are taken as well, and only what is offered",
    async run({ device, bound }) {
      const browser = device({ algorithms: ["RS256"] });
      await browser.open("/login/ann");
      assert.equal(browser.bound, undefined);
      browser.algorithm = "RS256";
      browser.quotes = true;
      await browser.open("/login/ann");
      browser.dropShort();
      assert.equal(await browser.open("/me"), ANN);
      const usual = await bound();
      usual.quotes = true;
      usual.dropShort();
      assert.equal(await usual.open("/me"), ANN);
    },
  },
  {
    name: "D4, D5: a refresh without a proof is asked for one, and with one it gets a new short cookie",
    async run({ bound, heard, binding }) {
      const events = heard("bound");
      const browser = await bound();
      assert.equal(events.length, 1);
      assert.equal(binding.counts.bound, 1);
      for (let times = 0; times < 5; times++) {
        browser.bound!.challenge = undefined;
        browser.dropShort();
        browser.answers.length = 0;
        assert.equal(await browser.open("/me"), ANN);
        assert.ok(browser.jar.has(SHORT));
        const statuses = browser.answers.map(({ sent, status }) => `${sent} ${status}`);
        assert.deepEqual(statuses, ["refresh 403", "refresh 200", "page 200"]);
      }
      assert.equal(events.length, 1);
    },
  },
  {
    name: "D5: a refresh takes no key that comes along, and none of another session",
    async run({ bound, heard }) {
      const [browser, other] = [await bound(), await bound()];
      const refused = heard("proof_refused");
      const challenge = browser.bound!.challenge!;
      const { kty, crv, x, y } = await webcrypto.subtle.exportKey("jwk", other.bound!.key.publicKey);
      const header = { "sec-secure-session-id": browser.bound!.id };
      const own = await browser.proof(challenge, browser.bound!.key, { jwk: { kty, crv, x, y } });
      assert.equal(await post(browser, own, browser.jar, header), 403);
      const foreign = await browser.proof(challenge, other.bound!.key);
      assert.equal(await post(browser, foreign, browser.jar, header), 403);
      assert.equal(refused.length, 2);
      assert.doesNotMatch(JSON.stringify(refused), /secret|challenge/);
      browser.dropShort();
      assert.equal(await browser.open("/me"), ANN);
    },
  },
  {
    name: "D6, D8: a used challenge is answered with another one, and never with the end",
    async run({ bound, server }) {
      const browser = await bound();
      const { id, key, challenge } = browser.bound!;
      const proof = await browser.proof(challenge!, key);
      const header = { "sec-secure-session-id": id };
      assert.equal(await post(browser, proof, browser.jar, header), 200);
      assert.equal(await post(browser, proof, browser.jar, header), 403);
      const again = new Request("https://shop.example/.micropie/dbsc", {
        method: "POST",
        headers: { ...header, "secure-session-response": proof },
      });
      const answer = await server()(again);
      assert.match(answer.headers.get("secure-session-challenge")!, /^"[\w.-]+";id="[\w-]+"$/);
      assert.deepEqual([answer.status, answer.headers.getSetCookie()], [403, []]);
      browser.dropShort();
      assert.equal(await browser.open("/me"), ANN);
    },
  },
  {
    name: "D7: while the store is down a refresh is a 503, and afterwards it passes",
    async run({ bound, store }) {
      const browser = await bound();
      for (const verbs of [["read"], ["patch"]] as const) {
        store.fail(verbs);
        browser.dropShort();
        assert.equal(await browser.refresh(), "server_error");
        assert.notEqual(browser.bound, undefined);
        store.mend();
        assert.equal(await browser.open("/me"), ANN);
      }
    },
  },
  {
    name: "D8: two proofs for challenges of which both were asked for are both taken",
    async run({ bound }) {
      const browser = await bound();
      const header = { "sec-secure-session-id": browser.bound!.id };
      const challenges = [await challengeFor(browser), await challengeFor(browser)];
      const proofs = await Promise.all(challenges.map((each) => browser.proof(each, browser.bound!.key)));
      assert.deepEqual(
        await Promise.all(proofs.map((proof) => post(browser, proof, browser.jar, header))),
        [200, 200],
      );
      assert.equal(await browser.open("/me"), ANN);
    },
  },
  {
    name: "D9: the challenge that comes with a short cookie saves the next refresh a round trip",
    async run({ bound }) {
      const browser = await bound();
      browser.dropShort();
      browser.answers.length = 0;
      assert.equal(await browser.open("/me"), ANN);
      const statuses = browser.answers.map(({ sent, status }) => `${sent} ${status}`);
      assert.deepEqual(statuses, ["refresh 200", "page 200"]);
    },
  },
  {
    name: "D10: a request of another site, which has none of the headers, gets nothing from the endpoint",
    async run({ bound, server }) {
      const { jar } = await bound();
      const fetch = server();
      const cookie = Array.from(jar, (pair) => pair.join("=")).join("; ");
      const headers = { cookie, origin: "https://evil.example", "sec-fetch-site": "cross-site" };
      const answer = await fetch(
        new Request("https://shop.example/.micropie/dbsc", { method: "POST", headers }),
      );
      assert.deepEqual([answer.status, await answer.text(), answer.headers.getSetCookie()], [403, "", []]);
      assert.equal(answer.headers.get("access-control-allow-origin"), null);
      const page = await fetch(new Request("https://shop.example/.micropie/dbsc", { headers: { cookie } }));
      assert.equal(page.status, 404);
    },
  },
  {
    name: "D11: after a logout the short cookie is gone, and the refresh ends what bound the session",
    async run({ bound }) {
      const browser = await bound();
      assert.equal(await browser.open("/logout"), "bye");
      assert.deepEqual([...browser.jar], []);
      assert.equal(await browser.open("/me"), "nobody unbound");
      assert.equal(browser.bound, undefined);
      await browser.open("/login/ann");
      browser.dropShort();
      assert.equal(await browser.open("/me"), ANN);
    },
  },
  {
    name: "D11: a session that was revoked ends what bound it",
    async run({ bound, sessions }) {
      const browser = await bound();
      await sessions().revoke({ userId: "ann" });
      browser.dropShort();
      assert.equal(await browser.open("/me"), "nobody unbound");
      assert.equal(browser.bound, undefined);
    },
  },
  {
    name: "D11: an answer with Clear-Site-Data binds anew if the application says so",
    async run({ bound }) {
      const browser = await bound();
      const { id } = browser.bound!;
      browser.bound = undefined;
      browser.jar.delete(SHORT);
      assert.equal(await browser.open("/me"), NOBODY);
      const next = await bound();
      assert.equal(await next.open("/clear"), "cleared");
      assert.notEqual(next.bound!.id, id);
      next.dropShort();
      assert.equal(await next.open("/me"), ANN);
    },
  },
  {
    name: "D12: refreshes at once, ahead of time and of two tabs each leave a valid cookie",
    async run({ bound, server }) {
      const browser = await bound();
      const { id, key } = browser.bound!;
      const servers = [server(), server()];
      const challenges: string[] = [];
      for (let times = 0; times < 4; times++) challenges.push(await challengeFor(browser));
      const answers = await Promise.all(
        challenges.map(async (challenge, at) => {
          const proof = await browser.proof(challenge, key);
          const headers = { "sec-secure-session-id": id, "secure-session-response": proof };
          return servers[at % 2]!(
            new Request("https://shop.example/.micropie/dbsc", { method: "POST", headers }),
          );
        }),
      );
      for (const answer of answers) {
        assert.equal(answer.status, 200);
        const [line = ""] = answer.headers.getSetCookie();
        browser.jar.set(SHORT, /=([^;]*)/.exec(line)![1]!);
        assert.equal(await browser.open("/me"), ANN);
      }
    },
  },
  {
    name: "D13: a browser without it keeps its session, whatever comes of the offers",
    async run({ device }) {
      const browser = device();
      browser.plain = true;
      await browser.open("/login/ann");
      for (let times = 0; times < 3; times++) assert.equal(await browser.open("/me"), "ann unbound");
      assert.deepEqual([...browser.jar.keys()], ["session_id"]);
    },
  },
  {
    name: "a copied cookie is worth nothing without the short one, and the owner goes on",
    async run({ bound, device, heard }) {
      const browser = await bound();
      const unproven = heard("unproven");
      const thief = device();
      thief.jar.set("session_id", browser.jar.get("session_id")!);
      assert.equal(await thief.open("/me"), NOBODY);
      assert.equal(await thief.open("/write"), NOBODY);
      assert.deepEqual([...thief.jar.keys()], ["session_id"]);
      assert.equal(thief.bound, undefined);
      assert.equal(unproven.length, 2);
      assert.deepEqual(Object.keys(unproven[0]!).sort(), ["handle", "userId"]);
      assert.equal(await browser.open("/me"), ANN);
    },
  },
  {
    name: "a short cookie of another session, or a changed one, is none, and is taken away",
    async run({ bound }) {
      const [browser, other] = [await bound(), await bound()];
      const own = browser.jar.get(SHORT)!;
      for (const value of [
        other.jar.get(SHORT)!,
        `${own.slice(0, -1)}_`,
        `zzzzzzzz${own.slice(8)}`,
        "x",
        "",
      ]) {
        const { bound: kept } = browser;
        browser.bound = undefined;
        browser.jar.set(SHORT, value);
        assert.equal(await browser.open("/me"), NOBODY);
        assert.equal(browser.jar.has(SHORT), false);
        browser.bound = kept;
        assert.equal(await browser.open("/me"), ANN);
      }
    },
  },
  {
    name: "lost: whatever is lost of a sign-in, its registration and its refreshes, nobody is signed out",
    async run({ device }) {
      for (const sent of ["page", "registration", "refresh"] as const)
        for (const loss of ["request", "answer", "body"] as const) {
          if (sent === "page" && loss === "body") continue;
          const browser = device();
          if (sent === "page") await browser.open("/login/ann");
          browser.losses.set(sent, [loss]);
          const first = sent === "page" ? "/me" : "/login/ann";
          await browser.open(first).catch(() => {});
          for (let times = 0; times < 3; times++) {
            browser.dropShort();
            const seen = await browser.open("/me");
            const isLostRefresh = sent === "refresh" && times === 0 && loss !== "body";
            if (!isLostRefresh) assert.match(seen, /^ann (un)?bound$/, `${sent}: ${loss}`);
          }
          assert.match(await browser.open("/me"), /^ann/, `${sent}: ${loss}`);
        }
    },
  },
  {
    name: "lost: a session that is bound survives any loss of a refresh, and a refusal by the quota",
    async run({ bound }) {
      for (const loss of ["request", "answer", "body"] as const) {
        const browser = await bound();
        browser.losses.set("refresh", [loss, loss]);
        browser.dropShort();
        await browser.open("/me");
        browser.dropShort();
        await browser.open("/me");
        browser.dropShort();
        assert.equal(await browser.open("/me"), ANN);
      }
      const browser = await bound();
      browser.isOverQuota = true;
      browser.dropShort();
      assert.equal(await browser.open("/me"), NOBODY);
      assert.equal(await browser.open("/write"), NOBODY);
      browser.isOverQuota = false;
      assert.equal(await browser.open("/me"), ANN);
    },
  },
  {
    name: "lost: after the cookie of a registration alone has arrived, the session is not bound",
    async run({ device }) {
      const browser = device();
      browser.losses.set("registration", ["body"]);
      await browser.open("/login/ann");
      assert.deepEqual([...browser.jar.keys()], ["session_id", SHORT]);
      assert.equal(browser.bound, undefined);
      assert.equal(await browser.open("/me"), "ann unbound");
      browser.jar.delete(SHORT);
      assert.equal(await browser.open("/me"), "ann unbound");
    },
  },
  {
    name: "a new id, with the same rights or others, keeps the binding, also if it was registered meanwhile",
    async run({ bound, device, store }) {
      const browser = await bound();
      for (const path of ["/rotate", "/elevate"]) {
        assert.equal(await browser.open(path), ANN);
        assert.equal(await browser.open("/me"), ANN);
        browser.dropShort();
        assert.equal(await browser.open("/me"), ANN);
      }
      // A rotation that began before the browser had signed.
      const late = device();
      await late.open("/login/ann");
      const held = store.hold("patch");
      const rotating = late.open("/rotate");
      await held.reached;
      late.dropShort();
      await late.refresh();
      held.open();
      await rotating;
      assert.equal(await late.open("/me"), ANN);
      late.jar.delete(SHORT);
      const { bound: kept } = late;
      late.bound = undefined;
      assert.equal(await late.open("/me"), NOBODY);
      late.bound = kept;
      assert.equal(await late.open("/me"), ANN);
    },
  },
  {
    name: "a sign-in is bound anew, and the key of the one before is worth nothing",
    async run({ bound }) {
      const browser = await bound();
      const before = browser.bound!;
      await browser.open("/login/bob");
      assert.notEqual(browser.bound!.id, before.id);
      assert.equal(await post(browser, "", browser.jar, { "sec-secure-session-id": before.id }), 200);
      browser.dropShort();
      assert.equal(await browser.open("/me"), "bob bound");
    },
  },
  {
    name: "who lacks the proof can still sign in, which ends the session left behind, and log out",
    async run({ bound, sessions }) {
      const browser = await bound();
      browser.bound = undefined;
      browser.jar.delete(SHORT);
      await browser.open("/login/ann");
      browser.dropShort();
      assert.equal(await browser.open("/me"), ANN);
      assert.equal(await sessions().count({ userId: "ann" }), 1);
      browser.bound = undefined;
      browser.jar.delete(SHORT);
      assert.equal(await browser.open("/logout"), "bye");
      assert.equal(await sessions().count({ userId: "ann" }), 0);
      assert.deepEqual([...browser.jar], []);
    },
  },
  {
    name: "elsewhere than on the paths that ask, a bound session is used without the proof",
    async run({ bound }) {
      const browser = await bound({ paths: ["/pay", "/account/*"] });
      const { bound: kept } = browser;
      browser.bound = undefined;
      browser.jar.delete(SHORT);
      assert.equal(await browser.open("/me"), "ann lapsed");
      assert.equal(await browser.open("/pay"), NOBODY);
      assert.equal(await browser.open("/account/name"), NOBODY);
      assert.equal(await browser.open("/clear"), "not bound");
      browser.jar.set(SHORT, "worn");
      assert.equal(await browser.open("/me"), "ann lapsed");
      assert.equal(browser.jar.has(SHORT), false);
      browser.bound = kept;
      assert.equal(await browser.open("/pay"), ANN);
    },
  },
];

/** Returns the status of a request to the endpoint with this proof. */
async function post(
  browser: DeviceBrowser,
  proof: string,
  jar: ReadonlyMap<string, string>,
  more: Record<string, string> = {},
): Promise<number> {
  const cookie = Array.from(jar, (pair) => pair.join("=")).join("; ");
  const headers = { ...more, cookie, ...(proof === "" ? {} : { "secure-session-response": proof }) };
  const { fetch } = browser;
  return (await fetch(new Request("https://shop.example/.micropie/dbsc", { method: "POST", headers })))
    .status;
}

async function challengeFor(browser: DeviceBrowser): Promise<string> {
  const headers = { "sec-secure-session-id": browser.bound!.id };
  const answer = await browser.fetch(
    new Request("https://shop.example/.micropie/dbsc", { method: "POST", headers }),
  );
  return /^"([\w.-]+)"/.exec(answer.headers.get("secure-session-challenge")!)![1]!;
}

/** Returns the cases that judge bound sessions on any store. No case waits for a time. */
export function dbscSuite({ create }: BackendSuiteOptions): SuiteCase[] {
  return CASES.map(({ name, run }) => ({
    promise: "U6",
    name: `U6: ${name}`,
    run: () => inTime(inWorld(create, (world) => run(placeIn(world)))),
  }));
}

/** Makes what a case works with. */
export function placeIn(world: World): Place {
  const usual = dbsc();
  const server = (options?: DbscOptions): ((request: Request) => Promise<Response>) => {
    const sessions = world.sessions({ bound: options === undefined ? usual : dbsc(options) });
    const serve = fetchSessions<Data>(sessions as never, async (request, session) => {
      const [, page, name] = new URL(request.url).pathname.split("/");
      const told = (): string => `${info(session).userId ?? "nobody"} ${bindingOf(session)}`;
      switch (page) {
        case "login":
          login(session, name!);
          return new Response("in");
        case "logout":
          logout(session);
          return new Response("bye");
        case "rotate":
          rotate(session);
          return new Response(told());
        case "elevate":
          rotate(session, "elevated");
          return new Response(told());
        case "write":
          session.color = "red";
          return new Response(told());
        case "clear":
          return new Response((await bind(session)) ? "cleared" : "not bound");
        case ".micropie":
          return new Response("none", { status: 404 });
        default:
          return new Response(told());
      }
    });
    return async (request) => {
      const response = await serve(request);
      const offer = response.headers.get("secure-session-registration");
      if (!request.url.includes("/login") || offer === null) return response;
      const text = `offered ${offer}; ${response.headers.get("cache-control")}`;
      return new Response(text, { status: response.status, headers: response.headers });
    };
  };
  const device = (options?: DbscOptions): DeviceBrowser => new DeviceBrowser(server(options));
  return {
    ...world,
    binding: usual,
    server,
    device,
    async bound(options) {
      const browser = device(options);
      await browser.open("/login/ann");
      browser.dropShort();
      assert.equal(await browser.open("/me"), ANN);
      return browser;
    },
  };
}
