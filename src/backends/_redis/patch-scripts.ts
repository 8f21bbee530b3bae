import { TELL } from "./ended.ts";
import { CONFIRM, LATE, NOW, SET, TOLD } from "./script.ts";

/** Seconds after which no client sends again what it had no answer to, because its caller has given up long before. */
const RESENT_WITHIN = 30;

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
local versioned = false
if more ~= '' then
  local most, version, fence, hash = string.match(more, '^ (%S+) (%S+) (%S+) (%S+)$')
  limit = tonumber(most)
  versioned = version ~= '-'
  if versioned and version ~= v then
    -- Applied already, and somebody else has written since: whoever sent this again must not compute it anew.
    local n = redis.call('HGET', KEYS[1], 'n')
    return n and string.find(';' .. n, ';' .. nonce .. ':', 1, true) and 2 or 3
  end
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
if versioned then
  local n = ''
  for each, at in string.gmatch(redis.call('HGET', KEYS[1], 'n') or '', '([^:;]+):(%d+);') do
    if math.abs(now - at) <= ${RESENT_WITHIN} then n = n .. each .. ':' .. at .. ';' end
  end
  redis.call('HSET', KEYS[1], 'n', string.sub(n .. nonce .. string.format(':%.0f;', now), -4000))
end
local code = v == base and 1 or 2`;

/** Replies 0 ended, 1 ok, 2 merged, 3 stale, 4 if nothing was stored because the version is another: send the changes; 5: see STORE. */
export const PATCH: string = `${JUDGE("")}
x = math.max(x, math.min(now + idle, tonumber(absolute)))${STORE(3, "")}${CONFIRM("code")}`;

/** A rotation that was applied already is known by its secret, unless it requires and keeps the secret that is there. */
const HAS_SECRET = ` or (string.match(h[3], '^%S+ %S+ (%S+)') == string.match(ARGV[3], '^%S+')
  and string.match(ARGV[1], '%S+$') ~= string.match(ARGV[3], '^%S+'))`;

/**
 * ARGV[3]: "hash grace raise indexed", followed by " absolute" for new deadlines, " -" for a new idle one; ARGV[4]: the new user's id as JSON, or
 * "". Replies as PATCH does, if `indexed` is "-" also to tell the index again, or the time as a text if it came too late after `indexed`.
 */
export const ROTATE: string = `${JUDGE(HAS_SECRET)}
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
if indexed ~= '-' and user then told = {'u', ${TOLD("x + (x - now) / 2", "user")}} end
local r = string.format('%.0f %s %s %s %s %.6f',
  e + raise, absolute, secret, string.match(h[3], '^%S+ %S+ (%S+)'), e, now + grace)${STORE(5, ", 'r', r, unpack(told)")}
if raise == '1' then${TELL("string.format('rights %.0f', e + 1)")}
end
if indexed == '-' then${CONFIRM("code")}
end
return code`;
