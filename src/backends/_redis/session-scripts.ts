import { TELL } from "./ended.ts";
import { LOCK, RELOCK } from "./lock-scripts.ts";
import { PATCH, ROTATE } from "./patch-scripts.ts";
import { CONFIRM, LATE, NOW, type Script, SET, script, TOLD } from "./script.ts";

/*
 * Every script works on one key. A session is a hash:
 *
 * - `d` the data, `v` "version nonce" (the nonce of the last patch), `x` when it expires, `h` the head
 * - `r` what a save does not change: "epoch absoluteExpiresAt hash previousHash previousEpoch previousUntil", a missing
 *   hash being "-"
 * - `u` "told/until user", only if it has a user: when the index was last told, for how long at least, and the id as JSON
 * - `l` "fence until nonce", only once it was locked
 * - `n` "nonce:second;" for each of the last patches that required a version, only if there were any
 * - `+"key"` and `-"key"` what was merged into `d` since that was stored, and `m`, if there is any: how many bytes all that
 *   was ever merged adds at most
 *
 * Times are seconds on the server's clock, with six decimals. Replies are numbers, texts or nil, or a list of texts, so
 * that they are the same in RESP2 and RESP3.
 */

/**
 * Replies one text: a line with the clock and the fields, the data, NUL, the head. If anything was merged since, a list.
 * A damaged record has fewer fields.
 */
const READ = `
local h = redis.pcall('HMGET', KEYS[1], 'v', 'x', 'r', 'u', 'm', 'd', 'h')
local t = redis.call('TIME')
if h.err then return t[1] .. ' ' .. t[2] end
if not h[1] and not h[3] then return false end
local lock = ''
if ARGV[1] then lock = (redis.call('HGET', KEYS[1], 'l') or '0 0 -') .. '\\n' end
local text = lock .. t[1] .. ' ' .. t[2] .. ' ' .. (h[1] or '') .. ' ' .. (h[2] or '') .. ' ' .. (h[3] or '') .. ' ' .. (h[4] or '0 null') .. '\\n' .. (h[6] or '') .. '\\0' .. (h[7] or '')
if not h[5] then return text end
local reply = {text}
local all = redis.call('HGETALL', KEYS[1])
for n = 1, #all, 2 do
  if string.find(all[n], '^[+-]') then
    reply[#reply + 1] = all[n]
    reply[#reply + 1] = all[n + 1]
  end
end
return reply`;

/** ARGV: "idle absolute hash indexed", the user's id as JSON or "", the data, the head. */
const CREATE = `${NOW}
local idle, absolute, hash, indexed = string.match(ARGV[1], '^(%S+) (%S+) (%S+) (%S+)$')
local h = redis.call('HMGET', KEYS[1], 'x', 'r')
if h[1] and tonumber(h[1]) > now then
  -- Created already, if a client that lost the reply has sent this again.
  return string.match(h[2], '^%S+ %S+ (%S+)') == hash and 1 or 0
end${LATE}
-- Only if it is there: after a first write, a full server lets all others pass.
if h[1] then redis.call('DEL', KEYS[1]) end
absolute = now + absolute
local x = math.min(now + idle, absolute)
local r = string.format('0 %.6f %s - 0 0', absolute, hash)
local user = {}
if ARGV[2] ~= '' then user = {'u', ${TOLD("x", "ARGV[2]")}} end${SET(", 'v', '1 -', 'r', r, 'd', ARGV[3], 'h', ARGV[4], unpack(user)")}
return 1`;

/** ARGV: idle. Replies 1 or 0, or as CONFIRM does. */
const TOUCH = `
local h = redis.call('HMGET', KEYS[1], 'v', 'x', 'r', 'u')
if not h[1] then return 0 end${NOW}
local absolute = string.match(h[3], '^%S+ (%S+)')
local x = math.min(now + ARGV[1], tonumber(absolute))
if tonumber(h[2]) <= now then return 0 end
if x > tonumber(h[2]) then${SET("")}
end
x = math.max(x, tonumber(h[2]))${CONFIRM("1")}`;

/** ARGV: version or "-", why. Replies whether it ended a live record; for one with a user, "1 now seconds user", what it had left. */
const DELETE = `
local h = redis.pcall('HMGET', KEYS[1], 'v', 'x', 'u')
if h.err or not h[1] then
  if ARGV[1] == '-' then redis.call('DEL', KEYS[1]) end
  return 0
end
if ARGV[1] ~= '-' and string.match(h[1], '^%d+') ~= ARGV[1] then return 0 end${NOW}
redis.call('DEL', KEYS[1])
local left = math.max((tonumber(h[2]) or 0) - now, 0)
local live = left > 0 and 1 or 0
if live == 1 then${TELL("ARGV[2]")}
end
if not h[3] then return live end
return live .. string.format(' %.6f %.3f ', now, left) .. (string.match(h[3], ' (.*)$') or '')`;

/** ARGV: a user's id as JSON; "end" to end the session. Replies the seconds left if it is a live session of that user, else 0. */
const OWNED = `
local h = redis.pcall('HMGET', KEYS[1], 'x', 'u')
if h.err or not h[2] or string.match(h[2], ' (.*)$') ~= ARGV[1] then return 0 end${NOW}
local left = math.max(math.ceil((tonumber(h[1]) or 0) - now), 0)
if ARGV[2] then redis.call('DEL', KEYS[1]) end
if ARGV[2] and left > 0 then${TELL("'revoked'")}
end
return left`;

/**
 * Replaces whatever is there. ARGV: "timeout from version epoch absolute hash previousHash previousEpoch previousUntil
 * expires fence until indexed", `from` being "now" if absolute and expires count from now; the user's id as JSON or "";
 * the data; the head.
 */
const SAVE = `${NOW}
local p = {}
for each in string.gmatch(ARGV[1], '%S+') do p[#p + 1] = each end
local indexed = p[13]${LATE}
local from = p[2] == 'now' and now or 0
local x = math.min(now + p[1], from + p[10])
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('DEL', KEYS[1]) end
local absolute = from + p[5]
local r = string.format('%s %.6f %s %s %s %s', p[4], absolute, p[6], p[7], p[8], p[9])
local more = {}
if ARGV[2] ~= '' then more = {'u', ${TOLD("x", "ARGV[2]")}} end
if p[11] ~= '0' then
  more[#more + 1] = 'l'
  more[#more + 1] = p[11] .. ' ' .. p[12] .. ' -'
end${SET(", 'v', p[3] .. ' -', 'r', r, 'd', ARGV[3], 'h', ARGV[4], unpack(more)")}
return 1`;

type Name =
  | "read"
  | "create"
  | "patch"
  | "rotate"
  | "touch"
  | "delete"
  | "owned"
  | "lock"
  | "relock"
  | "save";

export const SESSION: Readonly<Record<Name, Script>> = {
  read: script(READ),
  create: script(CREATE),
  patch: script(PATCH),
  rotate: script(ROTATE),
  touch: script(TOUCH),
  delete: script(DELETE),
  owned: script(OWNED),
  lock: script(LOCK),
  relock: script(RELOCK),
  save: script(SAVE),
};
