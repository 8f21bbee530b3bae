import { PUBLISH } from "./ended.ts";
import { LOCK, RELOCK } from "./lock-scripts.ts";
import { ADOPT, MOVE_OUT } from "./move-scripts.ts";
import { PATCH, REPLACE, ROTATE } from "./patch-scripts.ts";
import { ASK, IS_DUE, LATE, MOVED, NOW, OPEN, PUT, type Script, script, TELL, UNTOLD } from "./script.ts";

/*
 * Every script works on one key, whose value is one text; see text.ts. Times are milliseconds on the server's clock.
 * Replies are numbers, texts or nil, or a list of texts, so that they are the same in RESP2 and RESP3.
 */

/** Replies the clock's seconds and microseconds, and the text; "" if what is there is no text. */
const READ = `
local s = redis.pcall('GET', KEYS[1])
if not s then return false end
local t = redis.call('TIME')
return {t[1], t[2], type(s) == 'string' and s or ''}`;

/** ARGV: "idle absolute hash indexed", the user's id as JSON or "", the data, the head. */
const CREATE = `${NOW}${OPEN}
local idle, last, secret, indexed = string.match(ARGV[1], '^(%S+) (%S+) (%S+) (%S+)$')
if s and string.sub(s, 1, 1) == '${MOVED}' then return 0 end
if v and x > now then
  -- Created already, if a client that lost the reply has sent this again.
  return hash == secret and 1 or 0
end${LATE}
absolute = math.min(now + last, 9999999999999)
x = math.min(now + idle, absolute)
told, till = '${UNTOLD}', '${UNTOLD}'
if ARGV[2] ~= '' then${TELL("x")} end
v, e, nonce, hash, previous, more, user = 1, 0, '${".".repeat(14)}', secret, '-', '0 0 0 0 - ', ARGV[2]
local data, head = ARGV[3], ARGV[4]${PUT}
return 1`;

/** ARGV: milliseconds. Replies 1 or 0, or as ASK says. */
const TOUCH = `
local s = redis.call('GETRANGE', KEYS[1], 0, 85)
local x, absolute, told, till = string.match(s, '^%d${".".repeat(33)}(${"%d".repeat(13)})(${"%d".repeat(13)})(${"[%d-]".repeat(13)})(${"[%d-]".repeat(13)})$')
if not x then return 0 end${NOW}
x, absolute = tonumber(x), tonumber(absolute)
if x <= now then return 0 end
local moved = math.min(now + ARGV[1], absolute)
if moved > x then
  x = moved
  redis.call('SETRANGE', KEYS[1], 34, string.format('%013.0f', x))
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', x))
end
if ${IS_DUE} then
  local user = string.match(redis.call('GET', KEYS[1]), '^[^\\n]*\\n([^\\n]*)\\n')${TELL("x + (x - now) / 2")}
  redis.call('SETRANGE', KEYS[1], 60, told .. till)
  return ${ASK("1")}
end
return 1`;

/** ARGV: version or "-", why: with "-" and "moved" only what is marked. Replies whether it ended a live record; for one with a user, "1 now seconds user", what it had left. */
const DELETE = `
local s = redis.pcall('GET', KEYS[1])
if not s then return 0 end
local v, x, user
if type(s) == 'string' then
  v, x, user = string.match(s, '^[0${MOVED}](${"%d".repeat(11)})${".".repeat(22)}(${"%d".repeat(13)})[^\\n]*\\n([^\\n]*)\\n')
end
if not v then
  if ARGV[1] == '-' and ARGV[2] ~= 'moved' then redis.call('DEL', KEYS[1]) end
  return 0
end
if ARGV[1] ~= '-' then
  if tonumber(v) ~= tonumber(ARGV[1]) then return 0 end
elseif ARGV[2] == 'moved' and string.sub(s, 1, 1) ~= '${MOVED}' then
  return 0
end${NOW}
redis.call('DEL', KEYS[1])
local left = math.max(x - now, 0)
local live = left > 0 and 1 or 0
if live == 1 and ARGV[2] ~= 'moved' then${PUBLISH("ARGV[2]")}
end
if user == '' then return live end
return live .. string.format(' %.6f %.3f ', now / 1000, left / 1000) .. user`;

/** ARGV: a user's id as JSON; "end" to end the session. Replies the seconds left if it is a live session of that user, else 0. */
const OWNED = `
local s = redis.pcall('GET', KEYS[1])
if type(s) ~= 'string' then return 0 end
local x, user = string.match(s, '^${".".repeat(34)}(${"%d".repeat(13)})[^\\n]*\\n([^\\n]*)\\n')
if user ~= ARGV[1] then return 0 end${NOW}
local left = math.max(math.ceil((x - now) / 1000), 0)
if ARGV[2] then redis.call('DEL', KEYS[1]) end
if ARGV[2] and left > 0 then${PUBLISH("'revoked'")}
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
local absolute = math.min(from + p[5], 9999999999999)
local x = math.min(now + p[1], from + p[10], 9999999999999)
local told, till = '${UNTOLD}', '${UNTOLD}'
if ARGV[2] ~= '' then${TELL("x")} end
local v, e, nonce, hash, previous = tonumber(p[3]), tonumber(p[4]), '${".".repeat(14)}', p[6], p[7]
local more = string.format('%s %s %s %s %s ', p[8], p[9], p[11], p[12], p[11] == '0' and '-' or '.')
local user, data, head = ARGV[2], ARGV[3], ARGV[4]${PUT}
return 1`;

type Name =
  | "read"
  | "create"
  | "replace"
  | "patch"
  | "rotate"
  | "touch"
  | "delete"
  | "owned"
  | "lock"
  | "relock"
  | "save"
  | "adopt"
  | "moveOut";

export const SESSION: Readonly<Record<Name, Script>> = {
  read: script(READ),
  create: script(CREATE),
  replace: script(REPLACE),
  patch: script(PATCH),
  rotate: script(ROTATE),
  touch: script(TOUCH),
  delete: script(DELETE),
  owned: script(OWNED),
  lock: script(LOCK),
  relock: script(RELOCK),
  save: script(SAVE),
  adopt: script(ADOPT),
  moveOut: script(MOVE_OUT),
};
