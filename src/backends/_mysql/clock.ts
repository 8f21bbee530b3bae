/** Microseconds since 1970 at the start of the statement: one value throughout it, in every time zone. */
const BEGAN = "TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', UTC_TIMESTAMP(6))";

/** Seconds since 1970 at the start of the statement. */
export const START: string = `(${BEGAN} / 1e6)`;

/**
 * Seconds since 1970 at this moment, also after a wait for a lock, because a record may expire during that. Only SYSDATE
 * tells it, and only as local time, where one hour comes twice in autumn. So SYSDATE is used only for the time since the
 * start of the statement, modulo a quarter of an hour, which removes any change of local time. The result is right even
 * if the clock itself was set meanwhile, by a minute back to 14 minutes ahead.
 */
export const NOW: string = `((${BEGAN} + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86460e6, 900e6) - 60e6) / 1e6)`;
