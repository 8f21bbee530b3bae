import { type Script, script } from "./script.ts";

/*
 * What the scripts tell those who listen: on the channel "<prefix>ended", "<handle> <reason>", or "<handle> rights <epoch>". It
 * is published within the script that ends the session, so neither happens without the other. Nobody needs to listen.
 */

/** The name of the channel, after the prefix of the keys. */
export const CHANNEL = "ended";

/** Tells `what`, an expression of Lua, of the session of this key. A user who may not publish ends sessions all the same. */
export const TELL = (what: string): string => `
redis.pcall('PUBLISH', string.sub(KEYS[1], 1, -17) .. '${CHANNEL}', string.sub(KEYS[1], -16) .. ' ' .. ${what})`;

/** The key is a channel. ARGV: the text. */
export const BEAT: Script = script(`
return redis.call('PUBLISH', KEYS[1], ARGV[1])`);
