import { isToken } from "./token.ts";

/** A browser may hold several cookies of one name (another path, a parent domain). No request tries more than these. */
const MAX_TOKENS = 8;
const SEMICOLON = 59;
const SPACE = 32;
const TAB = 9;
const QUOTE = 34;

export interface FoundTokens {
  /** Well-formed tokens, in the order the browser sent them, each once. */
  readonly tokens: readonly string[];
  /** Whether there was a cookie of this name at all, well-formed or not. */
  readonly present: boolean;
}

const NONE: FoundTokens = { tokens: [], present: false };

/**
 * Finds the values of one cookie in a Cookie header. Names are compared exactly, byte for byte: no percent-decoding
 * and no trimming that could make one name look like another (RFC 6265bis 5.6, CVE-2022-31629). A value in double
 * quotes is taken without them. Never throws; linear in the header's length.
 */
export function findTokens(header: string, name: string): FoundTokens {
  const needle = `${name}=`;
  let at = header.indexOf(needle);
  if (at === -1) return NONE;
  const tokens: string[] = [];
  let present = false;
  while (at !== -1) {
    const start = at + needle.length;
    if (startsCookie(header, at)) {
      present = true;
      const semicolon = header.indexOf(";", start);
      const value = trimmed(header, start, semicolon === -1 ? header.length : semicolon);
      if (isToken(value) && !tokens.includes(value) && tokens.push(value) === MAX_TOKENS) break;
    }
    at = header.indexOf(needle, start);
  }
  return { tokens, present };
}

/** The values of the cookies of one name, whatever they are, in order; no more than `findTokens` would try. */
export function findValues(header: string, name: string): string[] {
  const needle = `${name}=`;
  const values: string[] = [];
  let at = header.indexOf(needle);
  while (at !== -1 && values.length < MAX_TOKENS) {
    const start = at + needle.length;
    if (startsCookie(header, at)) {
      const semicolon = header.indexOf(";", start);
      values.push(trimmed(header, start, semicolon === -1 ? header.length : semicolon));
    }
    at = header.indexOf(needle, start);
  }
  return values;
}

function startsCookie(header: string, at: number): boolean {
  let before = at - 1;
  while (before >= 0 && isSpace(header.charCodeAt(before))) before--;
  return before < 0 || header.charCodeAt(before) === SEMICOLON;
}

function trimmed(header: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isSpace(header.charCodeAt(start))) start++;
  while (end > start && isSpace(header.charCodeAt(end - 1))) end--;
  if (end - start > 1 && header.charCodeAt(start) === QUOTE && header.charCodeAt(end - 1) === QUOTE) {
    start++;
    end--;
  }
  return header.slice(start, end);
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB;
}
