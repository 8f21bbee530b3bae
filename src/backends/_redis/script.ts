import { hash } from "node:crypto";

/** A Lua script, and the digest by which a server that has seen it knows it. */
export interface Script {
  readonly text: string;
  readonly sha1: string;
}

export function script(text: string): Script {
  return { text, sha1: hash("sha1", text) };
}

/** The server's clock, in milliseconds. */
export const NOW = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)`;

/**
 * Marks a session that was moved out, in the place of the first digit of its version, which is always 0: no script finds its way in
 * such a text that does not look for it.
 */
export const MOVED = "m";

/** What of a text precedes the fields that have no fixed length, as a pattern; see text.ts. */
const FIXED = ["%d".repeat(12), "%d".repeat(8), ".".repeat(14), "%d".repeat(13), "%d".repeat(13)];
const TOLD = `${"[%d-]".repeat(13)}`;

/** Reads the text of a session, if there is one: `v` its version, `e` epoch, `x` deadline and so on, as text.ts names them. */
export const OPEN: string = `
local s = redis.call('GET', KEYS[1])
local v, e, nonce, x, absolute, told, till, hash, previous, more, user, at
if s then
  v, e, nonce, x, absolute, told, till, hash, previous, more, user, at = string.match(s,
    '^(${FIXED.join(")(")})(${TOLD})(${TOLD})(%S+) (%S+) ([^\\n]*)\\n([^\\n]*)\\n()')
  if v then v, e, x, absolute = tonumber(v), tonumber(e), tonumber(x), tonumber(absolute) end
end`;

/** Splits what `more` has. */
export const MORE = `
local pe, pu, fence, locked, lock, nonces = string.match(more, '^(%d+) (%d+) (%d+) (%d+) (%S+) (%S*)$')`;

/** Divides the rest of a text into its head and its data, with what was merged into them since. */
export const REST = `
local ends = string.find(s, '%z', at) or #s + 1
local head, data = string.sub(s, at, ends - 1), string.sub(s, ends + 1)`;

/** Stores a text made of all these; the key expires at its deadline. */
export const PUT = `
redis.call('SET', KEYS[1], string.format('%012.0f%08.0f', v, e) .. nonce .. string.format('%013.0f%013.0f', x, absolute)
  .. told .. till .. hash .. ' ' .. previous .. ' ' .. more .. '\\n' .. user .. '\\n' .. head .. '\\0' .. data,
  'PXAT', string.format('%.0f', x))`;

/** Replies the time instead if a sign-in comes long after the index was told of it, or before, by another clock. */
export const LATE = `
if indexed ~= '-' and (now / 1000 - indexed > 30 or indexed - now / 1000 > 10) then
  return string.format('%.6f', now / 1000)
end`;

/** The index is told of a session now, and it is sure to be in the index until this time, whose list is kept longer; see `lifetime`. */
export const TELL = (until: string): string => `
told, till = string.format('%013.0f', now), string.format('%013.0f', math.ceil(math.min(${until}, absolute)))`;

/** What `told` and `till` are for a session without a user. */
export const UNTOLD: string = "-".repeat(13);

/** Whether to tell the index again: if that was long ago, because it may have been lost since, or if the session may now outlive it. */
export const IS_DUE: string = `told ~= '${UNTOLD}' and
  (math.abs(now - told) > 600000 or x > tonumber(till) and tonumber(till) < absolute)`;

/** Replies "code seconds user" to tell the index again, after TELL; `code` otherwise. Halfway, so that one failure does no harm. */
export const ASK = (code: string): string =>
  `${code} .. string.format(' %.0f ', math.min(absolute - now, 2 * (x - now)) / 1000) .. user`;
