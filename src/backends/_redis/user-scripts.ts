import { NOW, type Script, script } from "./script.ts";

/**
 * The index of a user is a sorted set of handles, each with the time at which the index was last told of it. It may name
 * sessions that have ended, or that are another user's by now.
 *
 * ARGV: handle, seconds. Replies the time, and two random handles with theirs, so that dead ones are found.
 */
const ADD = `${NOW}
local time = string.format('%.6f', now)
local reply = redis.call('ZRANDMEMBER', KEYS[1], 2, 'WITHSCORES')
redis.call('ZADD', KEYS[1], 'GT', time, ARGV[1])
local ttl = math.min(math.ceil(ARGV[2] * 1000), 9e15)
if redis.call('PTTL', KEYS[1]) < ttl then redis.call('PEXPIRE', KEYS[1], string.format('%.0f', ttl)) end
table.insert(reply, 1, time)
return reply`;

/** Replies the time, and each handle with its own. */
const LIST = `${NOW}
local reply = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
table.insert(reply, 1, string.format('%.6f', now))
return reply`;

/** ARGV: pairs of a handle and a time. Removes each handle that the index was not told of again since. */
const FORGET = `
for n = 1, #ARGV, 2 do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[n])
  if score and tonumber(score) <= tonumber(ARGV[n + 1]) then redis.call('ZREM', KEYS[1], ARGV[n]) end
end
return 0`;

export const USER: Readonly<Record<"add" | "list" | "forget", Script>> = {
  add: script(ADD),
  list: script(LIST),
  forget: script(FORGET),
};
