import { adminPage } from "micropie/admin";
import { describe, expect, onTestFinished, test } from "vitest";
import { operatorOf, textOf } from "./_operator.ts";
import { handleIn, sessionsInTime, visitor } from "./_people.ts";

/** Returns the rows of a chart's table, newest first. */
function numbersIn(html: string, id: string): string[][] {
  const [, rows = ""] = new RegExp(`id="${id}-rows">([\\s\\S]*?)</tbody>`).exec(html) ?? [];
  return Array.from(rows.matchAll(/<tr>([\s\S]*?)<\/tr>/g), ([, row]) =>
    Array.from(row!.matchAll(/<t[hd][^>]*>([^<]*)</g), ([, cell]) => cell!),
  );
}

/** Returns the numbers at the top, by their names. */
function tilesIn(html: string): Record<string, string> {
  const tiles = html.matchAll(/<li><b>([^<]*)<\/b> ([^<]*)<\/li>/g);
  return Object.fromEntries(Array.from(tiles, ([, value, name]) => [name, value]));
}

/** Lets time pass, with the turns of the event loop in which the store is asked for its number of sessions. */
async function pass({ advance }: { advance(seconds: number): void }, seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= 30) {
    advance(Math.min(left, 30));
    await new Promise(setImmediate);
  }
}

describe("charts", () => {
  test("show what happened, by the minute and by the day", async () => {
    const { environment, sessions } = sessionsInTime();
    const { read } = await operatorOf(sessions);
    await pass(environment, 60);
    for (let n = 0; n < 6; n++) await visitor(sessions, n < 4 ? "ann" : undefined);
    await pass(environment, 60);
    await sessions.revoke({ userId: "ann" });
    const [one] = (await sessions.list({ signedIn: false }).page()).sessions;
    await sessions.revoke({ handle: one!.handle });
    await pass(environment, 60);
    const html = await read("/admin/");
    expect(tilesIn(html)).toMatchObject({ live: "2", "signed in": "1", created: "7", ended: "5" });
    const created = numbersIn(html, "created");
    expect(created.filter(([, count, signIns]) => count === "6" && signIns === "4")).toHaveLength(1);
    const ended = numbersIn(html, "ended");
    expect(ended.filter(([, , , revoked, all]) => revoked === "1" && all === "4")).toHaveLength(1);
    expect(html).toMatch(/<rect class="c3"/);
    expect(html).toContain("Revoked, all of a user: now 4, lowest 0, highest 4");

    environment.advance(2 * 3600);
    const later = await read("/admin/");
    expect(tilesIn(later).created).toBe("0");
    const day = await read("/admin/?range=day");
    expect(tilesIn(day)).toMatchObject({ created: "7", ended: "5" });
    expect(textOf(day)).toContain("Last day");
  });

  test("tell the failures and the latency of the store", async () => {
    const { environment, sessions } = sessionsInTime();
    const { read } = await operatorOf(sessions);
    const { backend } = sessions;
    const cookie = await visitor(sessions, "ann");
    environment.advance(31);
    backend.read = () => {
      throw new Error("down");
    };
    for (let n = 0; n < 3; n++)
      await expect((async () => sessions.load(cookie))()).rejects.toThrow("failed at read");
    delete (backend as Partial<typeof backend>).read;
    environment.advance(31);
    const html = await read("/admin/");
    expect(tilesIn(html)["failures of the store"]).toBe("3");
    expect(tilesIn(html)["ms for the store, median / 99 %"]).toMatch(/^[\d.]+ \/ [\d.]+$/);
    expect(numbersIn(html, "failures").flat()).toContain("2.9");
  });

  test("keep what they know of a day in a bounded memory, and nothing after the end", async () => {
    const { environment, sessions } = sessionsInTime();
    const { read, page } = await operatorOf(sessions, { allow: () => "olga", countEvery: "1h" });
    environment.advance(3 * 86_400);
    for (const range of ["hour", "day"]) {
      const html = await read(`/admin/?range=${range}`);
      expect(html.length).toBeLessThan(60_000);
      expect(html.match(/<path class="line/g)!.length).toBe(8);
      expect(numbersIn(html, "created").length).toBeLessThanOrEqual(13);
    }
    await page.shutdown();
    const counted = { times: 0 };
    const { backend } = sessions;
    const count = backend.countAll.bind(backend);
    backend.countAll = () => {
      counted.times += 1;
      return count();
    };
    environment.advance(86_400);
    expect(counted.times).toBe(0);
  });

  test("cost no call of the store for a look at them", async () => {
    const { environment, sessions } = sessionsInTime();
    const page = adminPage(sessions, { allow: () => "olga", countEvery: false });
    onTestFinished(() => page.shutdown());
    handleIn(await visitor(sessions));
    environment.advance(60);
    await sessions.close();
    for (const name of ["read", "scan", "countAll", "listByUser"] as const)
      sessions.backend[name] = () => {
        throw new Error("asked");
      };
    const html = await (await page.fetch(new Request("http://localhost/admin"))).text();
    expect(tilesIn(html)).toMatchObject({ live: "–", created: "1", "failures of the store": "0" });
  });
});
