import {
  createSessions,
  InMemorySessionBackend,
  login,
  rotate,
  type SessionOptions,
  type Sessions,
} from "micropie";
import type { SessionEvents } from "micropie/core/events";
import type { AnySession } from "micropie/core/register";
import { virtualEnvironment } from "micropie/testing";
import { GatedBackend } from "micropie/testing/gated-backend";
import { describe, expect, test } from "vitest";

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const HINTS = {
  "sec-ch-ua": '"Not)A;Brand";v="8", "Chromium";v="140", "Google Chrome";v="140"',
  "sec-ch-ua-platform": '"Windows"',
};

interface Sent {
  readonly ip?: string;
  readonly cookie?: string | undefined;
  readonly [header: string]: string | undefined;
}

/** A request as Node has it. */
function request({ ip, ...headers }: Sent): { headers: Record<string, string | undefined>; socket: object } {
  return { headers, socket: { remoteAddress: ip } };
}

/** Signs ann in with this request, in a session that the cookie opens. Returns the cookie. */
async function signIn(sessions: Sessions, sent: Sent, device?: string): Promise<string> {
  const session = await sessions.load(request(sent));
  login(session, "ann", device === undefined ? {} : { device });
  return (await sessions.commit(session))!.split(";", 1)[0]!;
}

async function devices(sessions: Sessions): Promise<object[]> {
  return (await sessions.list({ userId: "ann" }).toArray()).map(({ device }) => device);
}

const known = (device: object): object => ({
  name: undefined,
  userAgent: undefined,
  browser: undefined,
  platform: undefined,
  address: undefined,
  ...device,
});

describe("a sign-in", () => {
  test("remembers the user agent, cut to 256 characters, the hints, the address and the name", async () => {
    const sessions = createSessions();
    await signIn(sessions, { ip: "::ffff:203.0.113.7", "user-agent": CHROME, ...HINTS }, "Work laptop");
    await signIn(sessions, { ip: "2001:DB8:1:2::9", "user-agent": "x".repeat(1000) }, "n".repeat(1000));
    await signIn(sessions, { "user-agent": "" });
    expect(await devices(sessions)).toEqual([
      {
        name: "Work laptop",
        userAgent: CHROME,
        browser: "Google Chrome",
        platform: "Windows",
        address: "203.0.113.7",
      },
      known({ name: "n".repeat(256), userAgent: "x".repeat(256), address: "2001:db8:1:2::9" }),
      known({}),
    ]);
  });

  test("remembers nothing where only the Cookie header is known, or the option device is false", async () => {
    const sessions = createSessions();
    const session = await sessions.load("");
    login(session, "ann");
    await sessions.commit(session);
    expect(await devices(sessions)).toEqual([known({})]);
    const silent = createSessions({ device: false });
    await signIn(silent, { ip: "203.0.113.7", "user-agent": CHROME }, "Work laptop");
    expect(await devices(silent)).toEqual([known({})]);
  });

  test.each([
    ["full", "203.0.113.7", "2001:db8:a:b:c:d:e:f"],
    ["network", "203.0.113.0/24", "2001:db8:a::/48"],
    ["none", undefined, undefined],
    [(address: string) => `about ${address.length}`, "about 11", "about 20"],
  ] as const)(
    "keeps as much of the address as the option device.address says: %s",
    async (address, four, six) => {
      const sessions = createSessions({ device: { address } });
      await signIn(sessions, { ip: "203.0.113.7" });
      await signIn(sessions, { ip: "2001:db8:a:b:c:d:e:f" });
      expect(await devices(sessions)).toEqual([known({ address: four }), known({ address: six })]);
    },
  );

  test.each([
    [undefined, "10.0.0.1"],
    [1, "198.51.100.4"],
    [["10.0.0.0/8"], "198.51.100.4"],
    [["192.168.0.0/16"], "10.0.0.1"],
    [2, "203.0.113.7"],
  ] as const)("takes the address from the proxies that trustProxy names: %j", async (trustProxy, address) => {
    const sessions = createSessions({ trustProxy });
    await signIn(sessions, { ip: "10.0.0.1", "x-forwarded-for": "203.0.113.7, 198.51.100.4" });
    expect(await devices(sessions)).toEqual([known({ address })]);
  });

  test("again, as the same user, keeps the name and takes the rest anew; as another user, keeps nothing", async () => {
    const sessions = createSessions();
    const cookie = await signIn(sessions, { ip: "203.0.113.7", "user-agent": FIREFOX }, "Phone");
    const again = await signIn(sessions, { cookie, ip: "198.51.100.4", "user-agent": CHROME });
    expect(await devices(sessions)).toEqual([
      known({ name: "Phone", userAgent: CHROME, address: "198.51.100.4" }),
    ]);
    const session = await sessions.load(request({ cookie: again }));
    login(session, "bob");
    await sessions.commit(session);
    expect((await sessions.list({ userId: "bob" }).toArray()).map(({ device }) => device)).toEqual([
      known({}),
    ]);
  });
});

test("the address of a request is kept when it renews the id, and no other request writes for it", async () => {
  const backend = new GatedBackend(new InMemorySessionBackend());
  const sessions = createSessions({ backend });
  const move = async (cookie: string, ip: string, change: (session: AnySession) => void): Promise<string> => {
    const session = await sessions.load(request({ cookie, ip }));
    change(session);
    return (await sessions.commit(session))?.split(";", 1)[0] ?? cookie;
  };
  let cookie = await signIn(sessions, { ip: "203.0.113.7" });
  backend.forget();
  cookie = await move(cookie, "198.51.100.4", () => {});
  expect(backend.writes).toBe(0);
  // The first renewal has nothing else to remember.
  cookie = await move(cookie, "198.51.100.4", rotate);
  expect(await devices(sessions)).toEqual([known({ address: "203.0.113.7" })]);
  await move(cookie, "198.51.100.5", rotate);
  expect(await devices(sessions)).toEqual([known({ address: "198.51.100.5" })]);
});

describe("rename", () => {
  test("names a device, moves no deadline, and takes the name away again", async () => {
    const environment = virtualEnvironment();
    const sessions = createSessions({ environment });
    await signIn(sessions, { "user-agent": FIREFOX });
    const [before] = await sessions.list({ userId: "ann" }).toArray();
    environment.advance(1000);
    await sessions.rename(before!, "Kitchen");
    const [after] = await sessions.list({ userId: "ann" }).toArray();
    expect(after).toEqual({ ...before, device: known({ name: "Kitchen", userAgent: FIREFOX }) });
    await sessions.rename({ handle: before!.handle }, "");
    expect(await devices(sessions)).toEqual([known({ userAgent: FIREFOX })]);
  });

  test("of sessions that are changed meanwhile loses no change", async () => {
    const sessions = createSessions<{ visits: number }>();
    const cookie = await signIn(sessions as Sessions, {});
    const [{ handle } = { handle: "" }] = await sessions.list({ userId: "ann" }).toArray();
    const session = await sessions.load(cookie);
    session.visits = 1;
    await sessions.rename({ handle }, "Kitchen");
    await sessions.commit(session);
    const [listed] = await sessions.list({ userId: "ann" }).toArray();
    expect([listed?.device.name, listed?.data.visits]).toEqual(["Kitchen", 1]);
  });

  test("says what is wrong", async () => {
    const sessions = createSessions();
    await expect(sessions.rename({ handle: "AAAAAAAAAAAAAAAA" }, "x")).rejects.toMatchObject({
      code: "ended",
    });
    await expect(sessions.rename({ userId: "ann" } as never, "x")).rejects.toThrow(/pass \{ handle \}/);
    await expect(sessions.rename({ handle: "AAAAAAAAAAAAAAAA" }, 1 as never)).rejects.toThrow(/is a text/);
    const session = await sessions.load();
    expect(() => login(session, "ann", { device: 1 as never })).toThrow(/is a text/);
  });
});

describe("device_changed", () => {
  /** Signs in with the first request; returns what is told when the others follow. */
  async function changes(
    first: Sent,
    others: readonly Sent[],
    options: SessionOptions = {},
  ): Promise<SessionEvents["device_changed"][]> {
    const sessions = createSessions(options);
    const heard: SessionEvents["device_changed"][] = [];
    using _ = sessions.on("device_changed", (event) => void heard.push(event));
    const cookie = await signIn(sessions, first);
    for (const sent of others) await sessions.load(request({ cookie, ...sent }));
    return heard;
  }

  test.each([
    [
      "an update of the browser and of the system",
      CHROME,
      CHROME.replaceAll("140", "141").replace("10.0", "11.0"),
      [],
    ],
    ["another browser", FIREFOX, FIREFOX.replace("Firefox", "Waterfox"), ["browser"]],
    [
      "the same browser on another system",
      CHROME,
      CHROME.replace("Windows NT 10.0", "Macintosh"),
      ["browser"],
    ],
    ["a client that says nothing", FIREFOX, undefined, ["browser"]],
    ["a program", CHROME, "curl/8.5.0", ["browser"]],
  ])("by the user agent: %s", async (_, before, now, expected) => {
    const heard = await changes({ "user-agent": before }, [{ "user-agent": now }]);
    expect(heard.map(({ changed }) => changed)).toEqual(expected.length > 0 ? [expected] : []);
  });

  test("by Client Hints where both have them, whatever the user agent says", async () => {
    const edge = { ...HINTS, "sec-ch-ua": HINTS["sec-ch-ua"].replace("Google Chrome", "Microsoft Edge") };
    const heard = await changes({ "user-agent": CHROME, ...HINTS }, [
      { "user-agent": "frozen", ...HINTS },
      { "user-agent": CHROME, ...edge },
      { "user-agent": CHROME },
    ]);
    expect(heard.map(({ now }) => now.browser)).toEqual(["Microsoft Edge"]);
  });

  test.each([
    ["203.0.113.7", "203.0.113.200", false],
    ["203.0.113.7", "203.0.112.7", true],
    ["2001:db8:a:b::1", "2001:db8:a:ffff::1", false],
    ["2001:db8:a:b::1", "2001:db8:b:b::1", true],
    ["203.0.113.7", undefined, false],
  ])("by the network: from %s to %s", async (from, to, isOther) => {
    for (const address of ["full", "network"] as const) {
      const heard = await changes({ ip: from }, [to === undefined ? {} : { ip: to }], {
        device: { address },
      });
      expect(heard.map(({ changed }) => changed)).toEqual(isOther ? [["network"]] : []);
    }
    expect(await changes({ ip: from }, [{ ip: to ?? "" }], { device: { address: "none" } })).toEqual([]);
  });

  test("once for each session, browser and network, with what was and what is", async () => {
    const now = { ip: "198.51.100.4", "user-agent": CHROME };
    const heard = await changes({ ip: "203.0.113.7", "user-agent": FIREFOX }, [
      now,
      now,
      { ...now, ip: "192.0.2.1" },
    ]);
    expect(heard).toHaveLength(2);
    expect(heard[0]).toEqual({
      realm: "session_id",
      handle: expect.stringMatching(/^[\w-]{16}$/),
      userId: "ann",
      changed: ["browser", "network"],
      before: known({ userAgent: FIREFOX, address: "203.0.113.7" }),
      now: known({ userAgent: CHROME, address: "198.51.100.4" }),
    });
  });

  test("nothing of a request is looked at if nobody listens", async () => {
    const sessions = createSessions();
    const cookie = await signIn(sessions, { "user-agent": FIREFOX });
    const asked: string[] = [];
    const headers = {
      get(name: string) {
        asked.push(name);
        return name === "cookie" ? cookie : null;
      },
    };
    await sessions.load({ headers });
    expect(asked).toEqual(["cookie"]);
  });
});

test.each([
  ["device", { device: "none" }],
  ["device", { device: null }],
  ["device.address", { device: { address: "half" } }],
  ["device.adress", { device: { adress: "none" } }],
  ["trustProxy", { trustProxy: "10.0.0.1" }],
])("the option %s is checked at start", (option, options) => {
  expect(() => createSessions(options as never)).toThrow(expect.objectContaining({ option }));
});
