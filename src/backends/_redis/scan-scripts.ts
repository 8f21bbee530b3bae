import { type Script, script } from "./script.ts";

/*
 * What looks at all keys of a node. The key is one that no session has, and that the node holds: it has the prefix of all keys, also
 * what the client itself puts before them.
 */

/** How the key of a session ends; what is before it is the prefix. */
const PARTS = `
local prefix = string.sub(KEYS[1], 1, -17)
local function handleOf(key)
  local handle = #key == #KEYS[1] and string.sub(key, 1, #prefix) == prefix and string.sub(key, -16)
  return handle and string.match(handle, '^[%w_-]+$')
end`;

/**
 * One step of SCAN. ARGV: the cursor, about how many keys to look at, and "1" or "0" for sessions with or without a user alone.
 * Replies the run's name, the clock's seconds and microseconds, the next cursor, and each handle with its text.
 */
const STEP = `${PARTS}
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
local t = redis.call('TIME')
local pattern = string.gsub(prefix, '[%*%?%[%]\\\\]', '\\\\%0') .. '????????????????'
local found = redis.call('SCAN', ARGV[1], 'MATCH', pattern, 'COUNT', ARGV[2])
local reply = {run, t[1], t[2], found[1]}
local seen = {}
for _, key in ipairs(found[2]) do
  local handle = handleOf(key)
  if handle and not seen[handle] then
    seen[handle] = true
    local s = redis.pcall('GET', key)
    if type(s) == 'string' and (ARGV[3] == '' or (string.sub(s, 61, 61) ~= '-') == (ARGV[3] == '1')) then
      reply[#reply + 1] = handle
      reply[#reply + 1] = s
    end
  end
end
return reply`;

/** Up to how many keys of a node are all counted. */
const FEW = 2000;
/** How many random keys tell about the others. */
const SAMPLE = 1000;

/**
 * Replies how many keys the node has, at how many of them it has looked (all, if they are few), and how many of these are sessions,
 * and sessions with a user.
 */
const COUNT = `${PARTS}
local size, looked, sessions, signed = redis.call('DBSIZE'), 0, 0, 0
local function look(key)
  looked = looked + 1
  if not handleOf(key) then return end
  local told = redis.pcall('GETRANGE', key, 60, 60)
  if type(told) ~= 'string' or told == '' then return end
  sessions = sessions + 1
  if told ~= '-' then signed = signed + 1 end
end
if size <= ${FEW} then
  local seen, cursor = {}, '0'
  repeat
    local found = redis.call('SCAN', cursor, 'COUNT', ${FEW})
    cursor = found[1]
    for _, key in ipairs(found[2]) do
      if not seen[key] then look(key) end
      seen[key] = true
    end
  until cursor == '0'
  size = looked
else
  for _ = 1, ${SAMPLE} do
    local key = redis.call('RANDOMKEY')
    if key then look(key) end
  end
end
return {size, looked, sessions, signed}`;

/** Replies the key, and the slots of a Cluster as texts "first last node"; none on one server, and why if it does not tell. */
const SLOTS = `
local found = redis.pcall('CLUSTER', 'SLOTS')
local reply = {KEYS[1]}
if found.err then
  if not string.find(found.err, 'cluster support disabled', 1, true) then reply[2] = found.err end
  return reply
end
for _, range in ipairs(found) do
  reply[#reply + 1] = string.format('%.0f %.0f %s', range[1], range[2], range[3][3] or range[3][1] .. ':' .. range[3][2])
end
return reply`;

export const SCAN: Readonly<Record<"step" | "count" | "slots", Script>> = {
  step: script(STEP),
  count: script(COUNT),
  slots: script(SLOTS),
};
