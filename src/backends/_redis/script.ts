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

/** If the index was told of the user long ago, it may have been lost since: replies "code seconds user" to tell it again. */
export const CONFIRM = (code: string): string => `
if h[4] then
  if math.abs(now - string.match(h[4], '^%d+')) > 600 then
    local user = string.match(h[4], ' (.*)$')
    redis.call('HSET', KEYS[1], 'u', string.format('%.0f ', now) .. user)
    return ${code} .. string.format(' %.0f ', absolute - now) .. user
  end
end
return ${code}`;
