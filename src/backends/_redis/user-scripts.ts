import { type Script, script } from "./script.ts";

/** The server's clock, in seconds. */
const NOW = `
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000`;

/**
 * Seconds for which a list outlives what it was told of: the 30 that a sign-in may take, and the 30 by which clocks may
 * differ.
 */
const MARGIN = 60;

/**
 * The index of a user is a sorted set of handles, each with the time at which the index was last told of it. It may name
 * sessions that have ended, or that are another user's by now. One that is known to have ended has its time with a minus, as
 * long as a sign-in that is sent again may bring it back. The empty handle has 1e12 and the time until which these may live.
 *
 * ARGV: handle, seconds that it may live. Replies the time, and two random handles with theirs, so that dead ones are found.
 */
const ADD = `${NOW}
local time = string.format('%.6f', now)
local reply = redis.call('ZRANDMEMBER', KEYS[1], 2, 'WITHSCORES')
redis.call('ZADD', KEYS[1], 'GT', time, ARGV[1])
local ttl = math.min(math.ceil(ARGV[2] * 1000) + ${MARGIN * 1000}, 9e15)
if redis.call('PTTL', KEYS[1]) < ttl then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ttl)) end
table.insert(reply, 1, time)
return reply`;

/** Replies the time, and each handle with its own. */
const LIST = `${NOW}
local reply = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
table.insert(reply, 1, string.format('%.6f', now))
return reply`;

/**
 * ARGV: seconds that the last of these had left, then for each handle until when it was told to be removed, and until when
 * to be marked as ended. If none but ended ones are left, the key is kept no longer than they would have lived, and a margin.
 * Replies as ADD does.
 */
const FORGET = `${NOW}
for n = 2, #ARGV, 3 do
  local score = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[n]) or 0)
  if score ~= 0 and math.abs(score) <= tonumber(ARGV[n + 1]) then
    redis.call('ZREM', KEYS[1], ARGV[n])
  elseif score > 0 and score <= tonumber(ARGV[n + 2]) then
    redis.call('ZADD', KEYS[1], string.format('%.6f', -score), ARGV[n])
    redis.call('ZADD', KEYS[1], 'GT', string.format('%.3f', 1e12 + now + ARGV[1] + ${MARGIN}), '')
  end
end
if redis.call('ZCOUNT', KEYS[1], 0, 1e11) == 0 then
  local ends = redis.call('ZSCORE', KEYS[1], '')
  local ttl = ends and (ends - 1e12 - now) * 1000
  if redis.call('ZCARD', KEYS[1]) < 2 then
    redis.call('DEL', KEYS[1])
  elseif ends and redis.call('PTTL', KEYS[1]) > ttl then
    redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(ttl, 1)))
  end
end
local reply = redis.call('ZRANDMEMBER', KEYS[1], 2, 'WITHSCORES')
table.insert(reply, 1, string.format('%.6f', now))
return reply`;

export const USER: Readonly<Record<"add" | "list" | "forget", Script>> = {
  add: script(ADD),
  list: script(LIST),
  forget: script(FORGET),
};
