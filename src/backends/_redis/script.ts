import { hash } from "node:crypto";

/** A Lua script, and the digest by which a server that has seen it knows it. */
export interface Script {
  readonly text: string;
  readonly sha1: string;
}

export function script(text: string): Script {
  return { text, sha1: hash("sha1", text) };
}

/** The server's clock, in seconds. */
export const NOW = `
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000`;

/** Sets fields together with the deadline `x`, at which the key itself expires as well. */
export const SET = (fields: string): string => `
redis.call('HSET', KEYS[1], 'x', string.format('%.6f', x)${fields})
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', math.min(math.ceil(x * 1000), 9e15)))`;

/** Replies the time instead if a sign-in comes long after the index was told of it, or before, by another clock. */
export const LATE = `
if indexed ~= '-' and (now - indexed > 30 or indexed - now > 10) then return string.format('%.6f', now) end`;

/**
 * The field `u`: "told/until user". Until then the session is sure to be in the index, whose list is kept for longer; see
 * `lifetime`.
 */
export const TOLD = (until: string, user: string): string =>
  `string.format('%.0f/%.0f ', now, math.ceil(math.min(${until}, absolute))) .. ${user}`;

/**
 * Replies "code seconds user" to tell the index again: if that was long ago, because it may have been lost since, or if the
 * session may now outlive what the index was told. Halfway, so that one failure does no harm.
 */
export const CONFIRM = (code: string): string => `
if h[4] then
  local told, till = string.match(h[4], '^(%d+)/?(%d*)')
  till = tonumber(till) or 9e15
  if math.abs(now - told) > 600 or x > till and till < tonumber(absolute) then
    local user = string.match(h[4], ' (.*)$')
    redis.call('HSET', KEYS[1], 'u', ${TOLD("x + (x - now) / 2", "user")})
    return ${code} .. string.format(' %.0f ', math.min(absolute - now, 2 * (x - now))) .. user
  end
end
return ${code}`;
