import { LOCK_SLACK } from "../../record/record.ts";
import { MORE, NOW, OPEN, PUT, REST } from "./script.ts";

/** Stores the lock in `more`. */
const KEEP = `
more = string.format('%s %s %.0f %.0f %s %s', pe, pu, fence, locked, lock, nonces)${REST}${PUT}`;

/** ARGV: milliseconds, a nonce. Replies the fence, -1 busy or 0 ended. */
export const LOCK: string = `${OPEN}
if not v then return 0 end${NOW}
if x <= now then return 0 end${MORE}
if lock == ARGV[2] then return tonumber(fence) end
if tonumber(locked) > now and tonumber(locked) <= now + ARGV[1] + ${LOCK_SLACK * 1000} then return -1 end
fence, locked, lock = fence + 1, now + ARGV[1], ARGV[2]${KEEP}
return fence`;

/** ARGV: fence, milliseconds. */
export const RELOCK: string = `${OPEN}
if not v then return 0 end${NOW}
if x <= now then return 0 end${MORE}
if lock == '-' or fence ~= ARGV[1] then return 0 end
locked = tonumber(ARGV[2]) > 0 and now + ARGV[2] or 0${KEEP}
return 1`;
