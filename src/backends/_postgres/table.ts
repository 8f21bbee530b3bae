import type { Names } from "./options.ts";

/** Seconds of one slot: expired records are found by the slot of their deadline. */
export const SLOT = 600;

/**
 * Returns one statement that creates the table if it is missing, all of it or nothing. Of several processes that start at
 * once, one creates it and the others find it done.
 *
 * Wide columns come first, which saves padding. `json` keeps the text as it is, where `jsonb` would refuse \u0000, sort
 * keys and rewrite numbers. Of what a request changes, only the slot is in an index, and it seldom changes; so most
 * updates are heap-only, for which they need some free space on the page.
 */
export function tableScript({ table, lock, userIndex, pruneIndex }: Names): string {
  return `DO $micropie$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('${lock}', 0));
  -- Opening any table makes visible what others have created while this process waited for the lock.
  PERFORM FROM pg_class LIMIT 1;
  IF to_regclass('${table}') IS NULL THEN
    CREATE TABLE ${table} (
      expires_at double precision NOT NULL,
      absolute_expires_at double precision NOT NULL,
      previous_until double precision NOT NULL,
      locked_until double precision NOT NULL,
      version integer NOT NULL,
      epoch integer NOT NULL,
      previous_epoch integer NOT NULL,
      fence integer NOT NULL,
      prune_slot integer NOT NULL GENERATED ALWAYS AS (least(ceil(expires_at / ${SLOT}), 2147483647)::integer) STORED,
      handle text COLLATE "C" NOT NULL PRIMARY KEY,
      secret_hash text NOT NULL,
      previous_secret_hash text,
      user_id text COLLATE "C",
      head text NOT NULL,
      data json NOT NULL
    ) WITH (fillfactor = 85);
    CREATE INDEX ${userIndex} ON ${table} (user_id) WHERE user_id IS NOT NULL;
    CREATE INDEX ${pruneIndex} ON ${table} (prune_slot);
  END IF;
END
$micropie$;
`;
}
