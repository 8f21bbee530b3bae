import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { createSessions, InMemorySessionBackend } from "micropie";
import { browser, GatedBackend } from "micropie/testing";
import { expect, test } from "vitest";
import { cpuSeconds } from "./_cpu.ts";

const store = new GatedBackend(new InMemorySessionBackend());
const sessions = createSessions<{ visits: number }>({ backend: store });
const token = (): string => randomBytes(36).toString("base64url");
const isToken = (value: string): boolean => /^[\w-]{48}$/.test(value);

/** What the store was asked when a browser sends this header, and what was found. */
function ask(header: string): { reads: number; writes: number; found: object } {
  store.forget();
  const session = sessions.load(header);
  const line = sessions.commit(session as Exclude<typeof session, Promise<unknown>>);
  expect(line).toBeUndefined();
  return { reads: store.count("read"), writes: store.writes, found: { ...session } };
}

async function visitor(): Promise<string> {
  const ann = browser(sessions);
  await ann.request((session) => void Object.assign(session, { visits: 1 }));
  return ann.cookie!;
}

test("1,000 random well-formed cookies write nothing", () => {
  for (let n = 0; n < 1000; n++) {
    expect(ask(`session_id=${token()}`)).toMatchObject({ reads: 1, writes: 0, found: {} });
  }
});

test("1,000 random malformed cookies are not even looked up", () => {
  const value = fc.oneof(
    fc.string({ unit: "binary", maxLength: 100 }),
    fc.string({ unit: fc.constantFrom(..."aZ09-_"), maxLength: 100 }),
    fc.string({ unit: fc.constantFrom(..."aZ09-_=%."), minLength: 47, maxLength: 49 }),
  );
  fc.assert(
    fc.property(value, (text) => {
      fc.pre(
        text.split(";").every(
          (part) =>
            !isToken(
              part
                .replace(/^session_id=/, "")
                .trim()
                .replace(/^"(.*)"$/, "$1"),
            ),
        ),
      );
      expect(ask(`session_id=${text}`)).toMatchObject({ reads: 0, writes: 0, found: {} });
    }),
    { numRuns: 1000 },
  );
});

test("a Cookie header of any bytes is no session, and no error", () => {
  const header = fc.oneof(
    fc.string({ unit: "binary", maxLength: 2000 }),
    fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes).toString("latin1")),
    fc
      .array(
        fc.constantFrom(
          "session_id",
          "=",
          ";",
          " ",
          "\t",
          '"',
          ",",
          "%3D",
          "\0",
          "SESSION_ID",
          "__Host-",
          "ü",
          "a".repeat(48),
        ),
      )
      .map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(header, (text) => {
      const { reads, writes, found } = ask(text);
      expect(reads).toBeLessThanOrEqual(8);
      expect([writes, found]).toEqual([0, {}]);
    }),
    { numRuns: 3000 },
  );
});

test("our cookie is found among any others, wherever it stands", async () => {
  const ours = await visitor();
  const other = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }).map((text) => text.replaceAll(";", "")),
    fc.string({ unit: "grapheme", maxLength: 60 }).map((text) => `session_id=${text.replaceAll(";", "")}`),
    fc.constantFrom("session_id", "=", "", "session_id=", "xsession_id=1", `Session_Id=${token()}`),
  );
  fc.assert(
    fc.property(fc.array(other, { maxLength: 20 }), fc.array(other, { maxLength: 20 }), (before, after) => {
      expect(ask([...before, ours, ...after].join("; ")).found).toEqual({ visits: 1 });
    }),
    { numRuns: 1000 },
  );
});

test("a name that only looks like ours is another name", async () => {
  const value = (await visitor()).split("=")[1]!;
  for (const name of [
    "Session_id",
    "session_id ",
    "xsession_id",
    "session%5Fid",
    "session.id",
    "__Host-session_id",
    "=session_id",
  ]) {
    expect(ask(`${name}=${value}`), name).toMatchObject({ reads: 0, found: {} });
  }
});

const KB64 = 65_536;
const floods: Record<string, string> = {
  "64 kB of one letter": "a".repeat(KB64),
  "64 kB of our name": "session_id=".repeat(KB64 / 11),
  "64 kB of separators": `session_id=${"; ".repeat(KB64 / 2)}`,
  "64 kB of spaces": `session_id=${" ".repeat(KB64)}x`,
  "64 kB of spaces before our name": `a=b;${" ".repeat(KB64)}session_id=x`,
  "64 kB of spaces and our name": " session_id=".repeat(KB64 / 12),
  "64 kB of quotes": `session_id=${'"'.repeat(KB64)}`,
  "a value of 64 kB": `session_id=${"a".repeat(KB64)}`,
  "500 cookies of other names": Array.from({ length: 500 }, (_, n) => `c${n}=${token()}`).join("; "),
  "500 cookies of our name": Array.from({ length: 500 }, () => `session_id=${token()}`).join("; "),
  "500 times the same cookie": Array(500).fill(`session_id=${token()}`).join("; "),
};

test.each(Object.entries(floods))("%s costs little", async (_, header) => {
  const { reads, writes, found } = ask(header);
  expect(reads).toBeLessThanOrEqual(8);
  expect([writes, found]).toEqual([0, {}]);
  // A hundred such requests. With work that grows with the square of the length, one alone takes longer.
  const hundred = await cpuSeconds(() => {
    for (let n = 0; n < 100; n++) ask(header);
  });
  expect(hundred).toBeLessThan(4);
});
