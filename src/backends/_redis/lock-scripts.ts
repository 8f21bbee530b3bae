import { LOCK_SLACK } from "../../record/record.ts";
import { NOW } from "./script.ts";

/** ARGV: seconds, a nonce. Replies the fence, -1 busy or 0 ended. */
export const LOCK: string = `
local h = redis.call('HMGET', KEYS[1], 'x', 'l')
if not h[1] then return 0 end${NOW}
if tonumber(h[1]) <= now then return 0 end
local fence, till, nonce = string.match(h[2] or '0 0 -', '^(%S+) (%S+) (%S+)$')
if nonce == ARGV[2] then return tonumber(fence) end
if tonumber(till) > now and tonumber(till) <= now + ARGV[1] + ${LOCK_SLACK} then return -1 end
redis.call('HSET', KEYS[1], 'l', string.format('%.0f %.6f %s', fence + 1, now + ARGV[1], ARGV[2]))
return fence + 1`;

/** ARGV: fence, seconds. */
export const RELOCK: string = `
local h = redis.call('HMGET', KEYS[1], 'x', 'l')
if not h[2] then return 0 end${NOW}
if tonumber(h[1]) <= now then return 0 end
local fence, nonce = string.match(h[2], '^(%S+) %S+ (%S+)$')
if fence ~= ARGV[1] then return 0 end
local till = tonumber(ARGV[2]) > 0 and string.format('%.6f', now + ARGV[2]) or '0'
redis.call('HSET', KEYS[1], 'l', fence .. ' ' .. till .. ' ' .. nonce)
return 1`;
