import { InMemorySessionBackend } from "micropie";
import { inWorld } from "micropie/testing/world";
import { describe, expect, test } from "vitest";
import { placeIn } from "./_cases.ts";

const SHORT = "session_id_bound";

/** Runs a case on a store in memory, in virtual time. */
const inTime = (name: string, run: (place: ReturnType<typeof placeIn>) => Promise<void>): void =>
  test(name, () =>
    inWorld(
      () => ({ backend: new InMemorySessionBackend() }),
      (world) => run(placeIn(world)),
    ),
  );

describe("as time goes by", () => {
  inTime("a copy of both cookies is worth nothing once the life of the short one is over", async (place) => {
    const browser = await place.bound({ life: "10m" });
    const thief = place.device();
    for (const [name, value] of browser.jar) thief.jar.set(name, value);
    expect(await thief.open("/me")).toBe("ann bound");
    await place.advance(599);
    expect(await thief.open("/me")).toBe("ann bound");
    await place.advance(32);
    expect(await thief.open("/me")).toBe("nobody refused");
    browser.dropShort();
    expect(await browser.open("/me")).toBe("ann bound");
  });

  inTime(
    "the first short cookie is short, so that the browser shows at once that it has the key",
    async (place) => {
      const browser = place.device();
      await browser.open("/login/ann");
      expect(browser.lines.at(-1)).toContain("; Max-Age=5;");
      browser.dropShort();
      await browser.open("/me");
      expect(browser.lines.at(-1)).toContain("; Max-Age=600;");
    },
  );

  inTime(
    "a page opened later offers again, and only for five minutes, only until there is a key",
    async (place) => {
      const offers = async (path: string, after: number, mode = "navigate"): Promise<boolean> => {
        const browser = place.device();
        browser.plain = true;
        await browser.open("/login/ann");
        await place.advance(after);
        const cookie = `session_id=${browser.jar.get("session_id")}`;
        const headers = { cookie, "sec-fetch-mode": mode };
        const answer = await browser.fetch(new Request(`https://shop.example${path}`, { headers }));
        expect(answer.headers.get("cache-control")).toBe(
          answer.headers.has("secure-session-registration") ? "no-store" : "private",
        );
        return answer.headers.has("secure-session-registration");
      };
      expect(await offers("/me", 5)).toBe(false);
      expect(await offers("/me", 11)).toBe(true);
      expect(await offers("/me", 11, "cors")).toBe(false);
      expect(await offers("/me", 301)).toBe(false);
      const late = place.device();
      late.losses.set("registration", ["answer"]);
      await late.open("/login/ann");
      expect(late.bound).toBeUndefined();
      await place.advance(20);
      await late.open("/me");
      late.dropShort();
      expect(await late.open("/me")).toBe("ann bound");
    },
  );

  inTime("a challenge for a refresh lasts for five minutes more than the short cookie", async (place) => {
    const browser = await place.bound();
    await place.advance(890);
    browser.dropShort();
    browser.answers.length = 0;
    expect(await browser.open("/me")).toBe("ann bound");
    expect(browser.answers.map(({ status }) => status)).toEqual([200, 200]);
    await place.advance(1000);
    browser.dropShort();
    browser.answers.length = 0;
    expect(await browser.open("/me")).toBe("ann bound");
    expect(browser.answers.map(({ status }) => status)).toEqual([403, 200, 200]);
  });

  inTime("a registration is too late five minutes after its offer", async (place) => {
    const browser = place.device();
    browser.plain = true;
    const offer = await browser.open("/login/ann");
    const [, challenge = ""] = /challenge="([\w.-]+)"/.exec(offer)!;
    const key = await browser.createKey();
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", key.publicKey as CryptoKey);
    await place.advance(301);
    const headers = {
      cookie: `session_id=${browser.jar.get("session_id")}`,
      "secure-session-response": await browser.proof(challenge, key, { jwk: { kty, crv, x, y } }),
    };
    const request = new Request("https://shop.example/.micropie/dbsc", { method: "POST", headers });
    expect((await browser.fetch(request)).status).toBe(403);
  });

  inTime("a refresh is no sign of the user, so that an idle session ends", async (place) => {
    const browser = await place.bound();
    const [{ expiresAt } = { expiresAt: 0 }] = await place.sessions().list({ userId: "ann" }).toArray();
    await place.advance(300);
    browser.dropShort();
    await browser.refresh();
    const [after] = await place.sessions().list({ userId: "ann" }).toArray();
    expect(after?.expiresAt).toBe(expiresAt);
  });

  inTime("prefer: a sign-in without a key lasts as long as any", async (place) => {
    const browser = place.device({ policy: "prefer" });
    browser.plain = true;
    await browser.open("/login/ann");
    await place.advance(1700);
    expect(await browser.open("/me")).toBe("ann unbound");
  });

  inTime(
    "shorten: a sign-in without a key lasts for unboundLife, one with a key as long as any",
    async (place) => {
      const options = { policy: "shorten", unboundLife: "10m" } as const;
      const [plain, bound] = [place.device(options), await place.bound(options)];
      plain.plain = true;
      await plain.open("/login/ann");
      await place.advance(590);
      expect(await plain.open("/me")).toBe("ann unbound");
      await place.advance(20);
      expect(await plain.open("/me")).toBe("nobody refused");
      await plain.open("/login/ann");
      expect(await plain.open("/me")).toBe("ann unbound");
      bound.dropShort();
      expect(await bound.open("/me")).toBe("ann bound");
    },
  );

  inTime("require: a browser has a minute to show its key", async (place) => {
    const options = { policy: "require" } as const;
    const [plain, bound] = [place.device(options), await place.bound(options)];
    plain.plain = true;
    await plain.open("/login/ann");
    await place.advance(59);
    expect(await plain.open("/me")).toBe("ann unbound");
    await place.advance(2);
    expect(await plain.open("/me")).toBe("nobody refused");
    bound.dropShort();
    expect(await bound.open("/me")).toBe("ann bound");
  });

  inTime(
    "a clock that is set back by a minute, as between two servers, costs nobody the session",
    async (place) => {
      const browser = await place.bound();
      await place.advance(-60);
      expect(await browser.open("/me")).toBe("ann bound");
      browser.dropShort();
      expect(await browser.open("/me")).toBe("ann bound");
      expect(browser.jar.has(SHORT)).toBe(true);
    },
  );

  inTime("a session that has expired ends what bound it", async (place) => {
    const browser = await place.bound();
    await place.advance(86_400 * 40);
    browser.dropShort();
    expect(await browser.open("/me")).toBe("nobody unbound");
    expect(browser.bound).toBeUndefined();
  });
});
