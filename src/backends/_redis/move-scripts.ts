import { LATE, MOVED, NOW, OPEN, PUT, TELL, UNTOLD } from "./script.ts";

/**
 * Marks a session as moved out. Replies the clock's seconds and microseconds, and the text; "" if it is no session, or nothing if
 * there is none.
 */
export const MOVE_OUT: string = `
local s = redis.pcall('GET', KEYS[1])
if not s then return false end
local t = redis.call('TIME')
if type(s) ~= 'string' or not string.match(s, '^[0${MOVED}]${"%d".repeat(11)}') or string.sub(s, 87, 88) == '- ' then
  return {t[1], t[2], ''}
end
if string.sub(s, 1, 1) == '0' then redis.call('SETRANGE', KEYS[1], 0, '${MOVED}') end
return {t[1], t[2], s}`;

/**
 * Stores a session of another store if the key is free; with `instead`, in the place of the one with this hash. ARGV[1]: "idle
 * absolute version epoch hash previousHash previousEpoch grace fence lock indexed instead", all times in milliseconds from now, "-"
 * for none; then the user's id as JSON or "", the data, the head. Replies 1, 0, or the time if it came too late after `indexed`.
 */
export const ADOPT: string = `${NOW}${OPEN}
local p = {}
for each in string.gmatch(ARGV[1], '%S+') do p[#p + 1] = each end
local indexed, instead = p[11], p[12]
if instead == '-' then
  if s and string.sub(s, 1, 1) == '${MOVED}' then return 0 end
  -- Adopted already, if a client that lost the reply has sent this again.
  if v and x > now then return hash == p[5] and e == tonumber(p[4]) and 1 or 0 end
elseif not v or x <= now or hash ~= instead then
  return v and x > now and hash == p[5] and 1 or 0
end${LATE}
absolute = math.min(now + p[2], 9999999999999)
x = math.min(now + p[1], absolute)
told, till = '${UNTOLD}', '${UNTOLD}'
if ARGV[2] ~= '' then${TELL("x")} end
local function at(left) return left == '-' and 0 or math.max(now + left, 0) end
v, e, nonce, hash, previous, user = tonumber(p[3]), tonumber(p[4]), '${".".repeat(14)}', p[5], p[6], ARGV[2]
more = string.format('%s %.0f %s %.0f %s ', p[7], at(p[8]), p[9], at(p[10]), p[9] == '0' and '-' or '.')
local data, head = ARGV[3], ARGV[4]${PUT}
return 1`;
