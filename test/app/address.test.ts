import { App, type AppOptions, ConfigError, InMemorySessionBackend } from "micropie";
import { describe, expect, test } from "vitest";
import { ipOf, rangeOf } from "../../src/core/ip.ts";
import { client, textOf } from "./_client.ts";

type TrustProxy = AppOptions["trustProxy"];

class Tells extends App {
  index() {
    return String(this.request.address);
  }
}

const app = (trustProxy: TrustProxy) =>
  new Tells({ sessionBackend: new InMemorySessionBackend(), trustProxy });

/** A request as the servers of Bun and Deno give it. */
function from(ip: string | undefined, forwarded?: string): Request {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  return Object.assign(new Request("http://localhost/", { headers }), ip === undefined ? {} : { ip });
}

describe("request.address", () => {
  test("is that of the connection, whatever the client sends, unless proxies are trusted", async () => {
    const headers = { "x-forwarded-for": "6.6.6.6, 5.5.5.5" };
    const ask = async (trustProxy: TrustProxy) => textOf((await client(app(trustProxy)))("/", { headers }));
    for (const none of [undefined, false, 0, [], ["10.0.0.0/8"]]) expect(await ask(none)).toBe("127.0.0.1");
    expect(await ask(1)).toBe("5.5.5.5");
    expect(await ask(["127.0.0.0/8"])).toBe("5.5.5.5");
    expect(await ask(true)).toBe("6.6.6.6");
  });

  test.each<[TrustProxy, string | undefined, string | undefined, string]>([
    [undefined, "::ffff:10.0.0.1", undefined, "10.0.0.1"],
    [undefined, "2001:DB8:0::1", undefined, "2001:db8::1"],
    [undefined, undefined, "6.6.6.6", "undefined"],
    [1, "10.0.0.1", undefined, "10.0.0.1"],
    [1, "10.0.0.1", "6.6.6.6, 5.5.5.5", "5.5.5.5"],
    [2, "10.0.0.1", "6.6.6.6, 5.5.5.5", "6.6.6.6"],
    [3, "10.0.0.1", "6.6.6.6, 5.5.5.5", "6.6.6.6"],
    [1, undefined, "6.6.6.6, 5.5.5.5", "5.5.5.5"],
    [1, "10.0.0.1", "6.6.6.6, , 5.5.5.5:80,", "5.5.5.5"],
    [1, "10.0.0.1", "6.6.6.6, [2001:db8::5]:80", "2001:db8::5"],
    [1, "10.0.0.1", "6.6.6.6, unknown", "undefined"],
    [["10.0.0.0/8"], "::ffff:10.0.0.1", "6.6.6.6, 5.5.5.5, 10.1.2.3", "5.5.5.5"],
    [["10.0.0.0/8"], "11.0.0.1", "5.5.5.5", "11.0.0.1"],
    [["10.0.0.0/8"], undefined, "5.5.5.5", "undefined"],
    [["10.0.0.1", "fd00::/8"], "fd12::1", "5.5.5.5, 10.0.0.1", "5.5.5.5"],
    [["10.0.0.0/8"], "10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"],
    [true, "10.0.0.1", "6.6.6.6, 5.5.5.5", "6.6.6.6"],
  ])(
    "with trustProxy %j, a connection from %s and X-Forwarded-For %s, is %s",
    async (trust, ip, list, seen) => {
      expect(await textOf(app(trust).fetch(from(ip, list)))).toBe(seen);
    },
  );

  test.each([-1, 1.5, Number.NaN, "10.0.0.1", {}, ["10.0.0.0/33"], ["::1/129"], ["proxy"], [1]])(
    "trustProxy %j is refused at start, by its name",
    (trustProxy) => {
      const make = () => app(trustProxy as TrustProxy);
      expect(make).toThrow(ConfigError);
      expect(make).toThrow(expect.objectContaining({ option: "trustProxy" }));
    },
  );
});

test.each([
  ["1.2.3.4", "1.2.3.4"],
  ["1.2.3.4:80", "1.2.3.4"],
  ["::ffff:1.2.3.4", "1.2.3.4"],
  ["::", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["fe80::1%eth0", "fe80::1"],
  ["[::1]:80", "::1"],
  ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
  ["", undefined],
  ["1.2.3", undefined],
  ["1.2.3.256", undefined],
  ["01.2.3.4", undefined],
  ["1:2", undefined],
  [":::", undefined],
  ["localhost", undefined],
  ["1.2.3.4, 5.6.7.8", undefined],
])("the address in %j is %s", (text, address) => {
  expect(ipOf(text)?.text).toBe(address);
});

test.each([
  ["10.0.0.0/8", "10.255.0.1", true],
  ["10.0.0.0/8", "11.0.0.0", false],
  ["0.0.0.0/0", "255.255.255.255", true],
  ["0.0.0.0/0", "::1", false],
  ["::/0", "1.2.3.4", true],
  ["::ffff:10.0.0.0/104", "10.1.1.1", true],
  ["1.2.3.4", "::ffff:102:304", true],
  ["1.2.3.4", "1.2.3.5", false],
  ["fe80::/10", "febf::1", true],
  ["fe80::/10", "fec0::1", false],
])("the range %s has %s: %s", (range, address, has) => {
  expect(rangeOf(range)!(ipOf(address)!)).toBe(has);
});
