import { LOCK, RELOCK } from "./lock-scripts.ts";
import { NOW, type Script, script } from "./script.ts";

/*
 * Every script works on one key. A session is a hash:
 *
 * - `d` the data, `v` "version nonce" (the nonce of the last patch), `x` when it expires, `h` the head
 * - `r` what a save does not change: "epoch absoluteExpiresAt hash previousHash previousEpoch previousUntil", a missing
 *   hash being "-"
 * - `u` "confirmed user", only if it has a user: when the index was last told, and the id as JSON
 * - `l` "fence until nonce", only once it was locked
 * - `+"key"` and `-"key"` what was merged into `d` since that was stored, and `m`, if there is any: how many bytes all that
 *   was ever merged adds at most
 *
 * Times are seconds on the server's clock, with six decimals. Replies are numbers, texts or nil, or a list of texts, so
 * that they are the same in RESP2 and RESP3.
 */

/** Sets fields together with the deadline `x`, at which the key itself expires as well. */
const SET = (fields: string): string => `
redis.call('HSET', KEYS[1], 'x', string.format('%.6f', x)${fields})
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', math.min(math.ceil(x * 1000), 9e15)))`;

/** Replies the time instead if a sign-in comes long after the index was told of it, or before, by another clock. */
const LATE = `
if indexed ~= '-' and (now - indexed > 30 or indexed - now > 10) then return string.format('%.6f', now) end`;

/** Replies one text: a line with the clock and the fields, the data, NUL, the head. If anything was merged since, a list. */
const READ = `
local h = redis.call('HMGET', KEYS[1], 'v', 'x', 'r', 'u', 'm', 'd', 'h')
if not h[1] then return false end
local t = redis.call('TIME')
local lock = ''
if ARGV[1] then lock = (redis.call('HGET', KEYS[1], 'l') or '0 0 -') .. '\\n' end
local text = lock .. t[1] .. ' ' .. t[2] .. ' ' .. h[1] .. ' ' .. h[2] .. ' ' .. h[3] .. ' ' .. (h[4] or '0 null') .. '\\n' .. h[6] .. '\\0' .. h[7]
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
local last = now + absolute
local x = math.min(now + idle, last)
local r = string.format('0 %.6f %s - 0 0', last, hash)
local user = {}
if ARGV[2] ~= '' then user = {'u', string.format('%.0f ', now) .. ARGV[2]} end${SET(", 'v', '1 -', 'r', r, 'd', ARGV[3], 'h', ARGV[4], unpack(user)")}
return 1`;

/**
 * Requires a live record that meets the conditions of a patch. ARGV[1]: "nonce base epoch idle", followed by
 * " limit version fence hash" if there is a limit of bytes or any more conditions, "-" for none. ARGV[2]: the data, or ""
 * to merge changes into any version. `sign`: what else shows that the patch was applied already.
 */
const JUDGE = (sign: string): string => `
local h = redis.call('HMGET', KEYS[1], 'v', 'x', 'r', 'u', 'm', 'l')
if not h[1] then return 0 end${NOW}
local x = tonumber(h[2])
if x <= now then return 0 end
local nonce, base, epoch, idle, more = string.match(ARGV[1], '^(%S+) (%S+) (%S+) (%S+)(.*)$')
local v = string.match(h[1], '^%d+')
-- Applied already, if a client that lost the reply has sent this again.
if v ~= base and string.sub(h[1], #v + 2) == nonce${sign} then return v - base == 1 and 1 or 2 end
local e, absolute = string.match(h[3], '^(%d+) (%S+)')
if e ~= epoch then return 3 end
local limit
if more ~= '' then
  local most, version, fence, hash = string.match(more, '^ (%S+) (%S+) (%S+) (%S+)$')
  limit = tonumber(most)
  if version ~= '-' and version ~= v then return 3 end
  if fence ~= '-' and fence ~= string.match(h[6] or '0', '^%d+') then return 3 end
  if hash ~= '-' and hash ~= string.match(h[3], '^%S+ %S+ (%S+)') then return 3 end
end
if v ~= base and ARGV[2] ~= '' then return 4 end`;

/**
 * Stores a patch that JUDGE has accepted, and the fields in `more`. ARGV from `first` on: names and values of fields.
 * Replies 5 if nothing was stored because a merge may pass the limit: what is replaced by it counts as well here, since
 * only a JSON parser could tell. Then the whole data is to be sent, which starts the count anew.
 */
const STORE = (first: number, more: string): string => `
local added = 0
if ARGV[2] == '' then
  for n = ${first}, #ARGV, 2 do
    -- The sign is no part of it, a colon and a comma are.
    if string.sub(ARGV[n], 1, 1) == '+' then added = added + #ARGV[n] + #ARGV[n + 1] + 1 end
  end
  local merged = added + (h[5] or 0)
  if limit and added > 0 and redis.call('HSTRLEN', KEYS[1], 'd') + merged > limit then return 5 end
  added = merged
end
local version = string.format('%.0f ', v + 1) .. nonce
for n = ${first}, #ARGV, 2 do
  local field = ARGV[n]
  redis.call('HSET', KEYS[1], field, ARGV[n + 1])
  if field ~= 'h' then
    redis.call('HDEL', KEYS[1], (string.sub(field, 1, 1) == '+' and '-' or '+') .. string.sub(field, 2))
  end
end
if ARGV[2] == '' then${SET(`, 'v', version, 'm', string.format('%.0f', added)${more}`)}
else${SET(`, 'v', version, 'd', ARGV[2]${more}`)}
  if h[5] then
    for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
      if field == 'm' or string.find(field, '^[+-]') then redis.call('HDEL', KEYS[1], field) end
    end
  end
end
local code = v == base and 1 or 2`;

/** If the index was told of the user long ago, it may have been lost since: replies "code seconds user" to tell it again. */
const CONFIRM = (code: string): string => `
if h[4] then
  if math.abs(now - string.match(h[4], '^%d+')) > 600 then
    local user = string.match(h[4], ' (.*)$')
    redis.call('HSET', KEYS[1], 'u', string.format('%.0f ', now) .. user)
    return ${code} .. string.format(' %.0f ', absolute - now) .. user
  end
end
return ${code}`;

/** Replies 0 ended, 1 ok, 2 merged, 3 stale, 4 if nothing was stored because the version is another: send the changes; 5: see STORE. */
const PATCH = `${JUDGE("")}
x = math.max(x, math.min(now + idle, tonumber(absolute)))${STORE(3, "")}${CONFIRM("code")}`;

/** A rotation that was applied already is known by its secret, unless it requires and keeps the secret that is there. */
const HAS_SECRET = ` or (string.match(h[3], '^%S+ %S+ (%S+)') == string.match(ARGV[3], '^%S+')
  and string.match(ARGV[1], '%S+$') ~= string.match(ARGV[3], '^%S+'))`;

/**
 * ARGV[3]: "hash grace raise indexed", followed by " absolute" for new deadlines, " -" for a new idle one; ARGV[4]: the new user's id as JSON, or
 * "". Replies as PATCH does, or the time as a text if it came too late after `indexed`.
 */
const ROTATE = `${JUDGE(HAS_SECRET)}
local secret, grace, raise, indexed, last = string.match(ARGV[3], '^(%S+) (%S+) (%S+) (%S+) ?(%S*)$')${LATE}
if last == '' then
  x = math.max(x, math.min(now + idle, tonumber(absolute)))
elseif last == '-' then
  x = math.min(now + idle, tonumber(absolute))
else
  absolute = string.format('%.6f', now + last)
  x = math.min(now + idle, tonumber(absolute))
end
local user = ARGV[4] ~= '' and ARGV[4] or h[4] and string.match(h[4], ' (.*)$')
local told = {}
if indexed ~= '-' and user then told = {'u', string.format('%.0f ', now) .. user} end
local r = string.format('%.0f %s %s %s %s %.6f',
  e + raise, absolute, secret, string.match(h[3], '^%S+ %S+ (%S+)'), e, now + grace)${STORE(5, ", 'r', r, unpack(told)")}
return code`;

/** ARGV: idle. Replies 1 or 0, or as CONFIRM does. */
const TOUCH = `
local h = redis.call('HMGET', KEYS[1], 'v', 'x', 'r', 'u')
if not h[1] then return 0 end${NOW}
local absolute = string.match(h[3], '^%S+ (%S+)')
local x = math.min(now + ARGV[1], tonumber(absolute))
if tonumber(h[2]) <= now then return 0 end
if x > tonumber(h[2]) then${SET("")}
end${CONFIRM("1")}`;

/** ARGV: version or "-". Replies whether it ended a live record; for one with a user, "1 now user". */
const DELETE = `
local h = redis.call('HMGET', KEYS[1], 'v', 'x', 'u')
if not h[1] or (ARGV[1] ~= '-' and string.match(h[1], '^%d+') ~= ARGV[1]) then return 0 end${NOW}
redis.call('DEL', KEYS[1])
local live = tonumber(h[2]) > now and 1 or 0
if not h[3] then return live end
return live .. string.format(' %.6f ', now) .. string.match(h[3], ' (.*)$')`;

/** ARGV: a user's id as JSON; "end" to end the session. Replies whether it was a live session of that user. */
const OWNED = `
local h = redis.call('HMGET', KEYS[1], 'x', 'u')
if not h[2] or string.match(h[2], ' (.*)$') ~= ARGV[1] then return 0 end${NOW}
if ARGV[2] then redis.call('DEL', KEYS[1]) end
return tonumber(h[1]) > now and 1 or 0`;

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
local r = string.format('%s %.6f %s %s %s %s', p[4], from + p[5], p[6], p[7], p[8], p[9])
local more = {}
if ARGV[2] ~= '' then more = {'u', string.format('%.0f ', now) .. ARGV[2]} end
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
