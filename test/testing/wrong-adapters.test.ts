import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Session, SessionError } from "micropie";
import { type AdapterSuiteOptions, adapterSuite, type DemoAnswer, type DemoData } from "micropie/testing";
import { expect, test } from "vitest";

/** What somebody may do wrong who writes an adapter by hand. */
type Mistake =
  | "saves after the answer"
  | "saves what a failed handler did"
  | "sets the cookie only"
  | "has one session for all"
  | "none";

/** What caches obey beside Cache-Control. */
const CACHES = ["", "cloudflare-", "vercel-", "netlify-"]
  .map((cdn) => `${cdn}cdn-cache-control`)
  .concat("akamai-cache-control", "x-litespeed-cache-control", "surrogate-control", "edge-control");

const start =
  (mistake: Mistake): AdapterSuiteOptions["start"] =>
  async (sessions, demo) => {
    let last: Session<DemoData>;
    const server = createServer(async (req, res) => {
      let looked = false;
      let opened: Session<DemoData> | undefined;
      const end = async ({ status, headers, body }: DemoAnswer): Promise<void> => {
        const lines = { ...headers };
        const save = async (): Promise<void> => {
          const cookie = opened && (await sessions.commit(opened));
          if ((looked || typeof body === "object") && mistake !== "sets the cookie only") {
            lines.vary = headers.vary ? `${headers.vary}, Cookie` : "Cookie";
            lines["cache-control"] ??= "private";
            if (cookie !== undefined) lines["cache-control"] = "no-store";
            if (cookie !== undefined) for (const name of CACHES) if (name in lines) lines[name] = "no-store";
            if (cookie !== undefined && "x-accel-expires" in lines) lines["x-accel-expires"] = "0";
          }
          if (cookie !== undefined) lines["set-cookie"] = [...[headers["set-cookie"] ?? []].flat(), cookie];
        };
        if (mistake !== "saves after the answer") await save();
        res.writeHead(status, lines);
        if (typeof body === "object") for await (const part of body) res.write(part);
        res.end(typeof body === "object" ? undefined : body);
        await (mistake === "saves after the answer" ? save() : opened && sessions.commit(opened));
      };
      try {
        const loaded = await sessions.load(req);
        opened = loaded;
        last = loaded;
        const answer = await demo({
          path: req.url!.split("?", 1)[0]!,
          get session() {
            looked = true;
            return mistake === "has one session for all" ? last : loaded;
          },
        });
        await end(answer);
      } catch (error) {
        if (res.headersSent) return;
        const body = "error";
        if (mistake === "saves what a failed handler did" && !(error instanceof SessionError)) {
          await end({ status: 500, headers: {}, body });
        } else {
          res.writeHead(error instanceof SessionError ? error.status : 500).end(body);
        }
      }
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    return {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      close: () => {
        server.close();
        server.closeAllConnections();
      },
    };
  };

/** Fails unless a message says what should have happened, what is at stake, which requests led to it, and where to read on. */
function expectSentences(promise: string, message: string): void {
  const lines = message.split("\n");
  expect(lines[0]).toMatch(/^\S.* should .+\.$/);
  expect(lines[1]).toMatch(new RegExp(`^${promise}: .+\\. Otherwise .+\\.$`));
  expect(lines[2]).toBe("The last calls:");
  expect(lines[3]).toMatch(
    /^ {2}(GET|HEAD|POST) \/\S+( with a cookie)? (returned \{ status: |has no answer yet|threw )/,
  );
  expect(lines.at(-1)).toBe(`See "Your own" in docs/adapters.md, and ${promise} in docs/guarantees.md.`);
}

async function failures(mistake: Mistake, names = /./): Promise<string[]> {
  const failed = new Set<string>();
  for (const { promise, name, run } of adapterSuite({
    start: start(mistake),
    passesErrorsOn: true,
    assigns: false,
  })) {
    if (!names.test(name)) continue;
    await run().catch((error: Error) => {
      expectSentences(promise, error.message);
      failed.add(promise);
    });
  }
  return [...failed].sort();
}

test("an adapter by hand that makes no mistake passes", async () => {
  expect(await failures("none")).toEqual([]);
});

test("an adapter that saves after the answer fails at O1 and O2", async () => {
  // The others wait for a cookie that never comes.
  const names = /cookie comes once|^O1: \/count .* new session|^O2: \/count/;
  expect(await failures("saves after the answer", names)).toEqual(["B3", "O1", "O2"]);
});

test("an adapter that saves what a failed handler did fails at O4", async () => {
  expect(await failures("saves what a failed handler did")).toEqual(["O4"]);
});

test("an adapter that sets the cookie and no other header fails at S4", async () => {
  expect(await failures("sets the cookie only")).toEqual(["S4"]);
});

test("an adapter that confuses the sessions of requests that overlap fails at B9", async () => {
  expect(await failures("has one session for all", /eight users/)).toEqual(["B9"]);
});
