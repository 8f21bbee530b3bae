import type { Names } from "./options.ts";

/** Seconds of one slot: expired records are found by the slot that their deadline is in. */
export const SLOT = 600;

/** Each step takes the schema from the version of its place to the next; steps are only ever added. */
const MIGRATIONS: readonly ((names: Names) => string)[] = [
  // Wide columns first, which saves padding. `json` keeps the text as it is, where `jsonb` would refuse \u0000, sort
  // keys and rewrite numbers. Nothing that a request changes is in an index but the slot, which seldom changes, so most
  // updates are heap-only; they need some room on the page.
  ({ table, userIndex, pruneIndex }) => `
    CREATE TABLE ${table} (
      created_at double precision NOT NULL,
      expires_at double precision NOT NULL,
      absolute_expires_at double precision NOT NULL,
      idle_timeout double precision NOT NULL,
      previous_until double precision NOT NULL,
      locked_until double precision NOT NULL,
      version integer NOT NULL,
      epoch integer NOT NULL,
      previous_epoch integer NOT NULL,
      fence integer NOT NULL,
      prune_slot integer NOT NULL GENERATED ALWAYS AS (least(ceil(expires_at / ${SLOT}), 2147483647)::integer) STORED,
      persistent boolean NOT NULL,
      handle text COLLATE "C" NOT NULL PRIMARY KEY,
      secret_hash text NOT NULL,
      previous_secret_hash text,
      user_id text COLLATE "C",
      data json NOT NULL
    ) WITH (fillfactor = 85);
    CREATE INDEX ${userIndex} ON ${table} (user_id) WHERE user_id IS NOT NULL;
    CREATE INDEX ${pruneIndex} ON ${table} (prune_slot);`,
];

export const VERSION: number = MIGRATIONS.length;

export const TRIGGERS = ["micropie_changed", "micropie_shortened", "micropie_truncated"] as const;

/** Tells which record changed or ended. Touches and locks are no news, so their columns are not among those named. */
function notifier({ table, notifier, channel }: Names): string {
  const [changed, shortened, truncated] = TRIGGERS;
  return `
    CREATE OR REPLACE FUNCTION ${notifier}() RETURNS trigger LANGUAGE plpgsql AS $notify$
    BEGIN
      PERFORM pg_notify('${channel}', CASE WHEN TG_LEVEL = 'ROW' THEN OLD.handle ELSE '*' END);
      RETURN NULL;
    END
    $notify$;
    CREATE TRIGGER ${changed}
      AFTER DELETE OR UPDATE OF data, version, epoch, secret_hash, user_id ON ${table}
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
 * Creates the table, or brings it to the newest version: one statement, so all of it or nothing. Of several processes
 * that start at once one does the work and the others find it done. Run again, it does nothing.
 */
export function schemaScript(names: Names, notify: boolean): string {
  const { table, versions } = names;
  const steps = MIGRATIONS.map(
    (migrate, index) => `
  IF found < ${index + 1} THEN${migrate(names)}
  END IF;`,
  );
  if (notify) {
    steps.push(`
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = '${table}'::regclass AND tgname = '${TRIGGERS[0]}') THEN${notifier(names)}
  END IF;`);
  }
  return `DO $micropie$
DECLARE
  found integer;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('${names.channel}', 0));
  -- To open any table is to hear what others have made while this one waited.
  PERFORM FROM pg_class LIMIT 1;
  IF to_regclass('${versions}') IS NULL THEN
    CREATE TABLE ${versions} (version integer NOT NULL);
    INSERT INTO ${versions} VALUES (0);
  END IF;
  SELECT version INTO found FROM ${versions};${steps.join("")}
  IF found < ${VERSION} THEN
    UPDATE ${versions} SET version = ${VERSION};
  END IF;
END
$micropie$;
`;
}
