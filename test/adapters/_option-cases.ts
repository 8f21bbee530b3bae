import assert from "node:assert/strict";
import { ConfigError, info, login, logout, rotate, save, take, update } from "micropie";
import { printedBy } from "../../src/testing/printed.ts";
import { until } from "../_until.ts";
import { crossSiteCases, crossSiteTable } from "./_cross-site-cases.ts";
import { headerCases } from "./_header-cases.ts";
import { keptCases } from "./_kept-cases.ts";
import {
  type MountOptions,
  type OptionSite,
  onMounts,
  type StartMounted,
  type Wanted,
} from "./_option-site.ts";
import { guardStatusCases, signInCases } from "./_sign-in-cases.ts";
import { statusCases, trapCases } from "./_trap-cases.ts";

export interface OptionCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

export interface OptionCasesOptions {
  readonly named?: boolean;
  readonly waits?: boolean;
  readonly statuses?: boolean;
}

/** A case before it has a framework. */
export interface OptionCaseOn {
  readonly name: string;
  readonly wanted: readonly Wanted[];
  run(site: OptionSite): Promise<void>;
}

/**
 * `as`, `skip`, `exclusive` and the header transport, the same on every adapter:
 *
 *     describe("options", () => {
 *       for (const { name, run } of optionCases(start)) test(name, run);
 *     });
 *
 * `named: false` for an adapter that has no `as`; `waits: false` if the framework waits for no handler whose client has left;
 * `statuses: false` if it answers any error of a handler with 500.
 */
export function optionCases(
  start: StartMounted,
  { named = true, waits = true, statuses = true }: OptionCasesOptions = {},
): OptionCase[] {
  const served = [
    ...skipCases,
    ...pathCases,
    ...lateCases,
    ...keptCases,
    ...trapCases,
    ...crossSiteTable,
    ...crossSiteCases,
    ...signInCases,
    ...(statuses ? [...statusCases, ...guardStatusCases] : []),
    ...exclusiveCases,
    ...leavingCases,
    ...(waits ? heldCases : abandonedCases),
    ...headerCases,
    ...(named ? namedCases : []),
  ];
  const refused = [...badSkips, ...badGuards, ...(named ? badNames : [])];
  return [
    ...served.map(({ name, wanted, run }) => ({ name, run: quiet(() => onMounts(start, wanted, run)) })),
    ...refused.map((mount) => ({
      name: `${JSON.stringify(mount)} is refused at start`,
      run: () =>
        assert.rejects(
          onMounts(start, [{ mount }], async () => {}),
          (error) => error instanceof ConfigError && error.option === Object.keys(mount)[0],
        ),
    })),
    ...(named
      ? twice.map(({ name, wanted }) => ({ name, run: quiet(() => refusedOrAnswered(start, wanted)) }))
      : []),
  ];
}

/** Those of `optionCases` that are about calls, and not about options: for App, which has options of its own. */
export const callCases = (start: StartMounted): OptionCase[] =>
  [...trapCases, ...statusCases, ...crossSiteTable, ...signInCases, ...guardStatusCases].map(
    ({ name, wanted, run }) => ({
      name,
      run: quiet(() => onMounts(start, wanted, run)),
    }),
  );

/** What frameworks print of errors is of no interest here. */
function quiet(run: () => Promise<void>): () => Promise<void> {
  return async () => void (await printedBy(run));
}

const badSkips = [{ skip: ["health"] }, { skip: "/health" }, { skip: [1] }] as unknown as MountOptions[];
const badGuards = [
  ...[{ csrf: "on" }, { csrf: 1 }, { csrf: [] }],
  ...[{ signIn: "login" }, { signIn: "//evil.example" }, { signIn: true }],
] as unknown as MountOptions[];
const badNames = [{ as: "" }, { as: 1 }] as unknown as MountOptions[];

const ADMIN: Wanted = { cookie: { name: "admin_id" }, mount: { as: "admin" } };

const SKIP: Wanted = { mount: { skip: ["/health", "/assets/*"] } };

const skipCases: readonly OptionCaseOn[] = [
  {
    name: "skip: a path in the list has an empty session, costs no call and adds no header",
    wanted: [SKIP],
    async run({ stores, jar }) {
      const ann = jar();
      await ann.get("/count");
      stores[0]!.forget();
      for (const path of ["/health", "/health?full=1", "/assets/logo.png", "/assets/fonts/sans.woff"]) {
        const { status, text, headers, setCookie } = await ann.get(path);
        assert.deepEqual([path, status, text], [path, 200, "{}"]);
        assert.doesNotMatch(headers.vary ?? "", /cookie/i, path);
        assert.equal(headers["cache-control"], undefined, path);
        assert.deepEqual(setCookie, [], path);
      }
      assert.deepEqual(stores[0]!.calls, []);
      assert.equal((await ann.get("/read")).text, '{"visits":1}');
    },
  },
  {
    name: "skip: a path that only begins like one in the list is not skipped",
    wanted: [SKIP],
    async run({ jar }) {
      const ann = jar();
      await ann.get("/count");
      for (const path of ["/healthy", "/health/more", "/assets-of-mine", "/a/health", "/a/assets/logo"]) {
        const { text, headers } = await ann.get(path);
        assert.deepEqual([path, text], [path, '{"visits":1}']);
        assert.match(headers.vary ?? "", /cookie/i, path);
      }
    },
  },
  {
    name: "skip: a path matches however it is encoded, and dot segments lead out of a folder",
    wanted: [{ mount: { skip: ["/health", "/assets/*", "/caf%C3%A9"] } }],
    async run({ stores, jar }) {
      const ann = jar();
      await ann.get("/count");
      for (const path of [
        "/he%61lth",
        "/assets/%6cogo",
        "/%61ssets/logo",
        "/x/../health",
        "/x/%2e%2e/health",
      ]) {
        stores[0]!.forget();
        const { text, headers } = await ann.get(path);
        // A framework may answer such a path itself.
        assert.doesNotMatch(text, /visits/, path);
        assert.doesNotMatch(headers.vary ?? "", /cookie/i, path);
        assert.deepEqual(stores[0]!.calls, [], path);
      }
      assert.doesNotMatch((await ann.get("/caf%c3%a9")).text, /visits/);
      for (const path of [
        "/assets/../read",
        "/assets/%2e%2e/read",
        "/assets/.%2E/x/%72ead",
        "/health%2Fread",
      ]) {
        const { status, text } = await ann.get(path);
        if (status === 200) assert.deepEqual([path, text], [path, '{"visits":1}']);
      }
    },
  },
  {
    name: "skip: writing there is an error, and nothing is stored",
    wanted: [SKIP],
    async run({ stores, jar }) {
      const ann = jar();
      await ann.get("/count");
      stores[0]!.forget();
      for (const who of [ann, jar()]) {
        const { status, setCookie } = await who.get("/assets/count");
        assert.equal(status, 503);
        assert.deepEqual(setCookie, []);
      }
      assert.deepEqual(stores[0]!.calls, []);
    },
  },
  {
    name: "skip: a function decides by the request",
    wanted: [{ mount: { skip: (path) => path.endsWith(".png") } }],
    async run({ stores, jar }) {
      const ann = jar();
      await ann.get("/count");
      stores[0]!.forget();
      assert.equal((await ann.get("/any/logo.png")).text, "{}");
      assert.deepEqual(stores[0]!.calls, []);
      assert.equal((await ann.get("/any/logo.svg")).text, '{"visits":1}');
    },
  },
  {
    name: "skip: a skipped path answers while the store is down",
    wanted: [SKIP],
    async run({ stores, jar }) {
      const ann = jar();
      await ann.get("/count");
      stores[0]!.fail(["read"]);
      assert.equal((await ann.get("/read")).status, 503);
      assert.equal((await ann.get("/health")).status, 200);
    },
  },
];

const AT_ADMIN: Wanted = { cookie: { path: "/admin" } };

const pathCases: readonly OptionCaseOn[] = [
  {
    name: "B8: outside the cookie's path there is no session: it costs no call and adds no header",
    wanted: [AT_ADMIN],
    async run({ stores, jar }) {
      const ann = jar();
      for (const path of ["/admin/count", "/admin/x/count"]) assert.equal((await ann.get(path)).status, 200);
      stores[0]!.forget();
      for (const path of [
        "/read",
        "/administrator/read",
        "/x/admin/read",
        "/admin/../read",
        "/%61dmin/read",
      ]) {
        const { status, text, headers, setCookie } = await ann.get(path);
        // A framework may answer such a path itself.
        if (status === 200) assert.deepEqual([path, text], [path, "{}"]);
        assert.doesNotMatch(headers.vary ?? "", /cookie/i, path);
        assert.deepEqual(setCookie, [], path);
      }
      assert.deepEqual(stores[0]!.calls, []);
      for (const path of ["/admin/read", "/admin/x/read", "/x/../admin/read"]) {
        const { status, text } = await ann.get(path);
        if (status === 200) assert.deepEqual([path, text], [path, '{"visits":2}']);
      }
    },
  },
  {
    name: "B8: writing outside the cookie's path is an error, and signs nobody out",
    wanted: [AT_ADMIN],
    async run({ stores, jar }) {
      const ann = jar();
      await ann.get("/admin/login");
      stores[0]!.forget();
      for (const who of [ann, jar()]) {
        for (const path of ["/count", "/login", "/logout"]) {
          const { status, setCookie } = await who.get(path);
          // A verb throws in the handler, and some frameworks answer 500 to every error.
          assert.ok(path === "/count" ? status === 503 : status >= 500, `${path}: ${status}`);
          assert.deepEqual(setCookie, [], path);
        }
      }
      assert.deepEqual(stores[0]!.calls, []);
      assert.equal((await ann.get("/admin/count")).text, "1");
    },
  },
];

const lateCases: readonly OptionCaseOn[] = ["/count", "/read", "/late"].map((path) => ({
  name: `C9: after ${path} is answered, every verb says that the request is over`,
  wanted: path === "/late" ? [{}, ADMIN] : [{}],
  async run({ stores, slow, last, jar }) {
    slow.open();
    const ann = jar();
    await ann.get("/count");
    assert.equal((await ann.get(path)).status, 200);
    const before = stores[0]!.writes;
    const session = last();
    const isLate = { name: "StateError", code: "not_live" };
    for (const late of [() => logout(session), () => rotate(session), () => login(session, "bob")])
      assert.throws(late, isLate);
    await assert.rejects(take(session, "name"), isLate);
    await assert.rejects(save(session), isLate);
    await assert.rejects(
      update(session, "visits", () => 9),
      isLate,
    );
    assert.equal(stores[0]!.writes, before);
    assert.equal(info(session).stored, true);
    assert.equal((await ann.get("/count")).status, 200);
  },
}));

const exclusiveCases: readonly OptionCaseOn[] = [
  {
    name: "exclusive: parallel requests of one session run one at a time",
    wanted: [{ mount: { exclusive: true } }],
    async run({ slow, waiting, jar }) {
      const ann = jar();
      await ann.get("/count");
      const answers = [ann.copy().get("/slow"), ann.copy().get("/slow")];
      await slow.reached;
      // So that the second would be there by now, if nothing held it.
      for (let round = 0; round < 3; round++) await jar().get("/count");
      assert.equal(waiting(), 1);
      slow.open();
      assert.deepEqual((await Promise.all(answers)).map(({ text }) => text).sort(), ["2", "3"]);
    },
  },
  {
    name: "exclusive: a function decides, and others do not wait",
    wanted: [{ mount: { exclusive: (path) => path === "/slow" } }],
    async run({ slow, waiting, jar }) {
      const ann = jar();
      await ann.get("/count");
      const answers = [ann.copy().get("/slow"), ann.copy().get("/slow")];
      await slow.reached;
      for (let round = 0; round < 3; round++) {
        assert.equal((await ann.copy().get("/read")).text, '{"visits":1}');
      }
      assert.equal(waiting(), 1);
      slow.open();
      assert.deepEqual((await Promise.all(answers)).map(({ text }) => text).sort(), ["2", "3"]);
    },
  },
];

const heldCases: readonly OptionCaseOn[] = [
  {
    name: "exclusive: a client that leaves frees nothing while its handler runs, and what that writes is stored",
    wanted: [{ mount: { exclusive: true } }],
    async run({ slow, waiting, jar }) {
      const ann = jar();
      await ann.get("/count");
      const leave = ann.copy().leaving("/slow");
      await slow.reached;
      await leave();
      const next = ann.copy().get("/slow");
      // So that the next would be there by now, if nothing held it.
      for (let round = 0; round < 3; round++) await jar().get("/count");
      assert.equal(waiting(), 1);
      slow.open();
      assert.equal((await next).text, "3");
      assert.equal((await ann.get("/read")).text, '{"visits":3}');
    },
  },
];

const abandonedCases: readonly OptionCaseOn[] = [
  {
    name: "exclusive: a client that leaves frees nothing before the lock runs out",
    wanted: [{ lock: { ttl: 2, wait: 100 }, mount: { exclusive: true } }],
    async run({ slow, waiting, jar }) {
      const ann = jar();
      await ann.get("/count");
      const leave = ann.copy().leaving("/slow");
      await slow.reached;
      const start = performance.now();
      await leave();
      const next = ann.copy().get("/count");
      assert.equal((await next).text, "2");
      // It was renewed a third of its time ago, at most.
      assert.ok(performance.now() - start > 1000);
      assert.equal(waiting(), 1);
      slow.open();
    },
  },
];

const leavingCases: readonly OptionCaseOn[] = [
  {
    name: "exclusive: a request whose client leaves while it waits for its turn is not run",
    wanted: [{ mount: { exclusive: true } }],
    async run({ stores, slow, jar }) {
      const ann = jar();
      await ann.get("/count");
      const first = ann.copy().get("/slow");
      await slow.reached;
      const before = stores[0]!.count("read");
      const leave = ann.copy().leaving("/count");
      await until(() => assert.equal(stores[0]!.count("read"), before + 1));
      await leave();
      slow.open();
      assert.equal((await first).text, "2");
      assert.equal((await ann.get("/count")).text, "3");
    },
  },
];

const namedCases: readonly OptionCaseOn[] = [
  {
    name: "named: two sessions of one request have their own data, cookie and end",
    wanted: [{}, ADMIN],
    async run({ stores, jar }) {
      const ann = jar();
      const { headers, setCookie, text } = await ann.get("/both");
      assert.equal(text, "1,1");
      assert.deepEqual(setCookie.map((line) => line.split("=", 1)[0]).sort(), ["admin_id", "session_id"]);
      assert.match(headers.vary ?? "", /^cookie$/i);
      assert.equal((await ann.get("/count~admin")).text, "2");
      assert.deepEqual(
        (await ann.get("/logout~admin")).setCookie.map((line) => line.split("=", 1)[0]),
        ["admin_id"],
      );
      assert.deepEqual([...ann.cookies.keys()], ["session_id"]);
      assert.equal((await ann.get("/both")).text, "2,1");
      assert.deepEqual([stores[0]!.count("create"), stores[1]!.count("create")], [1, 2]);
    },
  },
  {
    name: "named: only the session that a route writes is stored and sent",
    wanted: [{}, ADMIN],
    async run({ stores, jar }) {
      const ann = jar();
      const { setCookie } = await ann.get("/count~admin");
      assert.deepEqual(
        setCookie.map((line) => line.split("=", 1)[0]),
        ["admin_id"],
      );
      assert.deepEqual(stores[0]!.calls, []);
    },
  },
  {
    name: "named: no byte leaves before both are saved",
    wanted: [{}, ADMIN],
    async run({ stores, jar }) {
      for (const store of stores) {
        const ann = jar();
        await ann.get("/both");
        const held = store.hold("patch");
        let arrived = false;
        const answer = ann.get("/both");
        void answer.then(() => {
          arrived = true;
        });
        await held.reached;
        for (let round = 0; round < 3; round++) await jar().get("/none");
        assert.equal(arrived, false);
        held.open();
        assert.equal((await answer).text, "2,2");
      }
    },
  },
  {
    name: "named: if either save fails, the answer is an error, and the sessions live on",
    wanted: [{}, ADMIN],
    async run({ stores, jar }) {
      for (const store of stores) {
        const ann = jar();
        await ann.get("/both");
        store.fail(["patch"]);
        const { status, text } = await ann.get("/both");
        assert.equal(status, 503);
        assert.doesNotMatch(text, /2/);
        store.mend();
        assert.equal((await ann.get("/read~admin")).status, 200);
        assert.match((await ann.get("/count")).text, /^[23]$/);
      }
    },
  },
  {
    name: "named: what changes in either while the body streams is saved",
    wanted: [{}, ADMIN],
    async run({ slow, jar }) {
      const ann = jar();
      slow.open();
      assert.equal((await ann.get("/late")).text, "one,two");
      assert.equal((await ann.get("/read")).text, '{"visits":1,"name":"late"}');
      assert.equal((await ann.get("/read~admin")).text, '{"visits":1,"name":"late too"}');
    },
  },
  {
    name: "named: a handler that throws saves neither",
    wanted: [{}, ADMIN],
    async run({ stores, jar }) {
      const ann = jar();
      await ann.get("/both");
      for (const store of stores) store.forget();
      for (const path of ["/throw", "/throw~admin"]) assert.equal((await ann.get(path)).status, 500);
      assert.deepEqual([stores[0]!.writes, stores[1]!.writes], [0, 0]);
      assert.equal((await ann.get("/both")).text, "2,2");
    },
  },
  {
    name: "named: each has its own skip",
    wanted: [{}, { ...ADMIN, mount: { as: "admin", skip: ["/public/*"] } }],
    async run({ stores, jar }) {
      const ann = jar();
      await ann.get("/both");
      stores[1]!.forget();
      assert.equal((await ann.get("/public/count")).text, "2");
      assert.equal((await ann.get("/public/read~admin")).text, "{}");
      assert.deepEqual(stores[1]!.calls, []);
    },
  },
];

const twice: readonly { name: string; wanted: readonly Wanted[] }[] = [
  {
    name: "named: two engines under one name are refused",
    wanted: [{}, { cookie: { name: "admin_id" } }],
  },
  {
    name: "named: two engines with one cookie are refused",
    wanted: [{}, { mount: { as: "admin" } }],
  },
  {
    name: "named: two engines with one header are refused",
    wanted: [
      { tokenHeader: "X-Token" },
      { tokenHeader: "X-Token", cookie: { name: "admin_id" }, mount: { as: "admin" } },
    ],
  },
];

/** Where the mounting does not show it, the first request does. */
async function refusedOrAnswered(start: StartMounted, wanted: readonly Wanted[]): Promise<void> {
  try {
    await onMounts(start, wanted, async ({ stores, jar }) => {
      const { status, setCookie } = await jar().get("/count");
      assert.equal(status, 500);
      assert.deepEqual(setCookie, []);
      assert.deepEqual(
        stores.map(({ writes }) => writes),
        [0, 0],
      );
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
  }
}
