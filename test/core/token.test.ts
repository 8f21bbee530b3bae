import { expect, test } from "vitest";
import { createToken, findTokens, handleOf, isToken, sameHash, secretHashOf } from "../../src/core/token.ts";

const one = createToken("session_id").value;
const two = createToken("session_id").value;
const find = (header: string) => findTokens(header, "session_id").tokens;

test("finds our cookie among others, wherever it stands", () => {
  for (const header of [
    `session_id=${one}`,
    `a=b; session_id=${one}`,
    `session_id=${one}; a=b`,
    `a=b;session_id=${one};c=d`,
    `a=b;\t session_id= ${one} ; c`,
    `session_id="${one}"`,
  ]) {
    expect(find(header), header).toEqual([one]);
  }
});

test("compares names byte for byte", () => {
  for (const name of [
    "xsession_id",
    "Session_id",
    "session%5Fid",
    "..session_id",
    "=session_id",
    "session_id ",
  ]) {
    expect(find(`${name}=${one}`), name).toEqual([]);
  }
  expect(findTokens(`=__Host-session_id=${one}`, "__Host-session_id").present).toBe(false);
});

test("tries every well-formed value of several, each once, up to eight", () => {
  expect(find(`session_id=old; session_id=${one}; session_id=${two}; session_id=${one}`)).toEqual([one, two]);
  const many = Array.from({ length: 500 }, () => `session_id=${createToken("session_id").value}`).join("; ");
  expect(find(many)).toHaveLength(8);
});

test("of more than eight values, tries the first four and the last four, and says that there were more", () => {
  const tokens = Array.from({ length: 20 }, () => createToken("session_id").value);
  const header = [...tokens, ...tokens.slice(0, 3), tokens.at(-1)]
    .map((each) => `session_id=${each}`)
    .join("; ");
  const tried = [...tokens.slice(0, 4), ...tokens.slice(-4)];
  expect(findTokens(header, "session_id")).toEqual({ tokens: tried, present: true, crowded: true });
  const eight = tokens
    .slice(0, 8)
    .map((each) => `session_id=${each}`)
    .join("; ");
  expect(findTokens(eight, "session_id")).toEqual({
    tokens: tokens.slice(0, 8),
    present: true,
    crowded: false,
  });
});

test("a value of another shape is no token, but it is present", () => {
  for (const value of [
    "",
    "x",
    `${one}x`,
    one.slice(1),
    `${one.slice(1)}/`,
    `${one.slice(1)}é`,
    "../../etc/passwd",
  ]) {
    expect(findTokens(`session_id=${value}`, "session_id"), value).toEqual({
      tokens: [],
      present: true,
      crowded: false,
    });
  }
});

test("takes linear time for a header that repeats the name", () => {
  const header = "session_id=".repeat(100_000);
  expect(find(header)).toEqual([]);
});

test("a token has 96 public and 192 secret bits, and only the secret is hashed", () => {
  const token = createToken("session_id");
  expect(Buffer.from(token.value, "base64url")).toHaveLength(36);
  expect(isToken(token.value)).toBe(true);
  expect(handleOf(token.value)).toBe(token.handle);
  expect(secretHashOf("session_id", token.value)).toBe(token.secretHash);
  const rotated = createToken("session_id", token.handle);
  expect(rotated.handle).toBe(token.handle);
  expect(sameHash(rotated.secretHash, token.secretHash)).toBe(false);
  expect(sameHash(token.secretHash, secretHashOf("session_id", token.value))).toBe(true);
  expect(sameHash(token.secretHash, token.secretHash.slice(1))).toBe(false);
});
