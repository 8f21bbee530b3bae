import type { Names } from "./options.ts";

/** Seconds of one slot: expired records are found by the slot of their deadline. */
export const SLOT = 600;

/**
 * Wide columns come first, which saves padding. `json` keeps the text as it is, where `jsonb` would refuse \u0000, sort
 * keys and rewrite numbers. Of what a request changes, only the slot is in an index, and it seldom changes; so most
 * updates are heap-only, for which they need some free space on the page.
 */
function creation({ table, userIndex, pruneIndex }: Names): string {
  return `
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
    CREATE INDEX ${pruneIndex} ON ${table} (prune_slot);`;
}

export const TRIGGERS = ["micropie_changed", "micropie_shortened", "micropie_truncated"] as const;

/** Notifies which record changed or ended. The columns that touches and locks change are not among those listed. */
function notification({ table, notifier, channel }: Names): string {
  const [changed, shortened, truncated] = TRIGGERS;
  return `
    CREATE OR REPLACE FUNCTION ${notifier}() RETURNS trigger LANGUAGE plpgsql AS $notify$
    BEGIN
      PERFORM pg_notify('${channel}', CASE WHEN TG_LEVEL = 'ROW' THEN OLD.handle ELSE '*' END);
      RETURN NULL;
    END
    $notify$;
    CREATE TRIGGER ${changed}
      AFTER DELETE OR UPDATE OF data, head, version, epoch, secret_hash, user_id ON ${table}
      FOR EACH ROW EXECUTE FUNCTION ${notifier}();
    CREATE TRIGGER ${shortened}
      AFTER UPDATE OF expires_at, absolute_expires_at ON ${table}
      FOR EACH ROW WHEN (NEW.expires_at < OLD.expires_at OR NEW.absolute_expires_at < OLD.absolute_expires_at)
      EXECUTE FUNCTION ${notifier}();
    CREATE TRIGGER ${truncated}
      AFTER TRUNCATE ON ${table}
      FOR EACH STATEMENT EXECUTE FUNCTION ${notifier}();`;
}

/**
 * Returns one statement that creates what is missing, all of it or nothing. Of several processes that start at once, one
 * creates it and the others find it done. Run again, it does nothing.
 */
export function tableScript(names: Names, notify: boolean): string {
  const { table } = names;
  const triggers = `
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = '${table}'::regclass AND tgname = '${TRIGGERS[0]}') THEN${notification(names)}
  END IF;`;
  return `DO $micropie$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('${names.channel}', 0));
  -- Opening any table makes visible what others have created while this process waited for the lock.
  PERFORM FROM pg_class LIMIT 1;
  IF to_regclass('${table}') IS NULL THEN${creation(names)}
  END IF;${notify ? triggers : ""}
END
$micropie$;
`;
}
