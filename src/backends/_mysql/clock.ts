/** Microseconds since 1970 when the statement began: one value throughout a statement, in every time zone. */
const BEGAN = "TIMESTAMPDIFF(MICROSECOND, TIMESTAMP'1970-01-01 00:00:00', UTC_TIMESTAMP(6))";

/** Seconds since 1970 when the statement began. */
export const START: string = `(${BEGAN} / 1e6)`;

/**
 * Seconds since 1970 at this moment, also after a wait for a lock: what has expired meanwhile must not be written. Only
 * SYSDATE tells that, and only as local time, where an hour comes twice in autumn. So it is asked for nothing but the
 * time since the beginning: without the hours (or quarters) by which local time may have been set meanwhile. That may
 * be a little less than nothing, if the clock itself was set right: from a minute back to a quarter less a minute ahead.
 */
export const NOW: string = `((${BEGAN} + MOD(TIMESTAMPDIFF(MICROSECOND, NOW(6), SYSDATE(6)) + 86460e6, 900e6) - 60e6) / 1e6)`;
