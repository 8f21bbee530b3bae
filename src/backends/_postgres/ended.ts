/*
 * What the statements tell those who listen, by NOTIFY on the channel "micropie_<table>": "<handle> <reason>", or
 * "<handle> rights <epoch>". It is sent when the statement that ends the session takes effect, and not if it does not.
 */

/** An expression that tells `what` of the row's session, if `condition` holds. The name of the channel needs no escaping. */
export function tell(channel: string, condition: string, what: string): string {
  return `CASE WHEN ${condition} THEN pg_notify('${channel}', handle || ' ' || ${what}) END`;
}
