import { PUBLISH } from "./ended.ts";
import { ASK, IS_DUE, LATE, MORE, MOVED, NOW, OPEN, PUT, REST, TELL, UNTOLD } from "./script.ts";

/** Seconds after which no client sends again what it had no answer to, because its caller has given up long before. */
const RESENT_WITHIN = 30;

/** The nonce of a session that was not changed yet. */
const UNNAMED = ".".repeat(14);

/** Bytes of merged changes beside the data after which the whole is to be stored. */
const MERGED_MOST = 16_384;

/**
 * Stores data made from the newest version, which is what nearly every request does, without taking the text apart.
 * ARGV[1]: version and epoch that must be there, as the text begins; what it begins with afterwards: version, epoch and nonce;
 * the deadline that is late enough to be left as it is; since when it is early enough that the index was told; the idle timeout.
 * One text, because each argument costs Redis a quarter of a microsecond. ARGV[2]: the data. If others change the session as well,
 * ARGV[3] to ARGV[5]: the changes as they are merged, until when they may be, and to how many bytes. Replies as PATCH does, 4 for
 * all that is not so simple.
 */
export const REPLACE: string = `
local sub = string.sub
local s, a = redis.call('GET', KEYS[1]), ARGV[1]
if not s then return 0 end
local x, told, ends = sub(s, 35, 47), sub(s, 61, 73), string.find(s, '\\0', 87, true)
if not ends then return 4 end
local isNear = x >= sub(a, 55, 67) and (told == '${UNTOLD}' or told >= sub(a, 68, 80))
if sub(s, 1, 20) ~= sub(a, 1, 20) then
  if sub(s, 1, 1) == '${MOVED}' then return 0 end
  local nonce = sub(a, 41, 54)
  if sub(s, 21, 34) == nonce then return tonumber(sub(s, 1, 12)) == tonumber(sub(a, 21, 32)) and 1 or 2 end
  -- Stored or merged already, and replaced by a patch that required a version.
  if string.find(sub(s, 87, ends), nonce .. ':', 1, true) then return 2 end
  local changes, epoch = ARGV[3] or '', sub(s, 13, 20)
  if changes == '' or not isNear or epoch ~= sub(a, 13, 20) or #s - ends + #changes > tonumber(ARGV[5]) then return 4 end
  local from = string.find(s, '\\0', ends + 1, true) or #s
  if #s - from > ${MERGED_MOST} or x - redis.call('PTTL', KEYS[1]) > tonumber(ARGV[4]) then return 4 end
  local version = string.format('%012.0f', sub(s, 1, 12) + 1)
  redis.call('SET', KEYS[1], version .. epoch .. nonce .. sub(s, 35) .. changes, 'KEEPTTL')
  return 2
end
if isNear then
  redis.call('SET', KEYS[1], sub(a, 21, 54) .. sub(s, 35, ends) .. ARGV[2], 'KEEPTTL')
  return 1
end
local absolute, till, left = tonumber(sub(s, 48, 60)), sub(s, 74, 86), redis.call('PTTL', KEYS[1])
x = tonumber(x)
if left <= 0 or not x or not absolute then return 4 end
local now = x - left
x = math.max(x, math.min(now + sub(a, 81), absolute))
if ${IS_DUE} then return 4 end
redis.call('SET', KEYS[1], sub(a, 21, 54) .. string.format('%013.0f', x) .. sub(s, 48, ends) .. ARGV[2], 'PXAT', x)
return 1`;

/**
 * Requires a live record that meets the conditions of a patch. ARGV[1]: "nonce base epoch idle limit version fence hash merge",
 * "-" for none, `merge` being the time until which the changes may be merged into any version. ARGV[2]: the data, or "" if they always are. ARGV[3]: "=" and the head, or "". ARGV[4] and
 * ARGV[5]: the members to set and the keys to remove, as JSON, or "". `sign`: what else shows that the patch was applied already.
 */
const JUDGE = (sign: string): string => `${OPEN}
if not v then return 0 end${NOW}
if x <= now then return 0 end
local own, base, epoch, idle, limit, version, fenced, required, merge =
  string.match(ARGV[1], '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
base = tonumber(base)
-- Applied already, if a client that lost the reply has sent this again.
if v ~= base and nonce == own${sign} then return v - base == 1 and 1 or 2 end${MORE}
local versioned = version ~= '-'
local outdated = versioned and tonumber(version) ~= v
-- Applied already, and somebody else has written since, or changed the rights: whoever sent this again must not compute it anew.
if (outdated or v ~= base) and string.find(';' .. nonces, ';' .. own .. ':', 1, true) then return 2 end
if outdated then return 3 end
if e ~= tonumber(epoch) then return 3 end
if fenced ~= '-' and fenced ~= fence then return 3 end
if required ~= '-' and required ~= hash then return 3 end
if v ~= base and now > tonumber(merge) then return 4 end`;

/**
 * Stores a patch that JUDGE has accepted. Replies 5 if nothing was stored because a merge may pass the limit: what is
 * replaced by it counts as well here, since only a JSON parser could tell. Then the whole data is to be sent.
 */
const STORE = `${REST}
if v == base and ARGV[2] ~= '' then
  data = ARGV[2]
else
  local bytes = #data
  if ARGV[4] ~= '' then data = data .. '\\0' .. ARGV[4] end
  if ARGV[5] ~= '' then data = data .. '\\0' .. ARGV[5] end
  if limit ~= '-' and ARGV[4] ~= '' and #data > tonumber(limit) then return 5 end
  if #data > bytes and #data - (string.find(data, '%z') or #data) > ${MERGED_MOST} then return 5 end
end
if ARGV[3] ~= '' then head = string.sub(ARGV[3], 2) end
local code = v == base and 1 or 2
if versioned then
  local second, from = now / 1000, #nonces + 1
  local written = string.format(':%.0f;', second)
  for at, when in string.gmatch(nonces, '()[^:;]+:(%d+);') do
    if math.abs(second - when) <= ${RESENT_WITHIN} then from = at break end
  end
  -- What this replaces may be a save whose reply was lost, and that required no version: it is known by its nonce alone.
  local isKept = nonce == '${UNNAMED}' or string.find(nonces, nonce .. ':', 1, true)
  nonces = string.sub(nonces, from) .. (isKept and '' or nonce .. written) .. own .. written
  nonces = string.sub(nonces, -4000)
  more = string.format('%s %s %s %s %s %s', pe, pu, fence, locked, lock, nonces)
end
v, nonce = v + 1, own`;

const CONFIRM = `
if ${IS_DUE} then${TELL("x + (x - now) / 2")}${PUT}
  return ${ASK("code")}
end${PUT}
return code`;

/** Replies 0 ended, 1 ok, 2 merged, 3 stale, 4 if nothing was stored because the version is another: send the changes; 5: see STORE. */
export const PATCH: string = `${JUDGE("")}${STORE}
x = math.max(x, math.min(now + idle, absolute))${CONFIRM}`;

/** A rotation that was applied already is known by its secret, unless it requires and keeps the secret that is there. */
const HAS_SECRET = " or hash == string.match(ARGV[6], '^%S+') and required ~= hash";

/**
 * ARGV[6]: "hash grace raise indexed", followed by " absolute" for new deadlines, " -" for a new idle one; ARGV[7]: the new
 * user's id as JSON, or "". Replies as PATCH does, if `indexed` is "-" also to tell the index again, or the time as a text if it
 * came too late after `indexed`.
 */
export const ROTATE: string = `${JUDGE(HAS_SECRET)}
local secret, grace, raise, indexed, last = string.match(ARGV[6], '^(%S+) (%S+) (%S+) (%S+) ?(%S*)$')${LATE}
if last == '' then
  x = math.max(x, math.min(now + idle, absolute))
else
  if last ~= '-' then absolute = math.min(now + last, 9999999999999) end
  x = math.min(now + idle, absolute)
end${STORE}
if ARGV[7] ~= '' then user = ARGV[7] end
previous, hash = hash, secret
more = string.format('%.0f %.0f %s %s %s %s', e, now + grace, fence, locked, lock, nonces)
e = e + raise
if raise == '1' then${PUBLISH("string.format('rights %.0f', e)")}
end
if indexed ~= '-' then
  if user ~= '' then${TELL("x + (x - now) / 2")} end${PUT}
  return code
end${CONFIRM}`;
