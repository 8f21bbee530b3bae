import type { Names } from "./options.ts";

/** Seconds of one slot: expired records are found by the slot that their deadline is in. */
export const SLOT = 600;

/**
 * Each step takes the schema from the version of its place to the next; steps are only ever added. No transaction
 * holds such statements together, so each step must do no harm when it is done again, or by several at once.
 */
const MIGRATIONS: readonly ((names: Names) => readonly string[])[] = [
  // JSON would sort keys and round numbers. Nothing that a request changes is in an index but the slot, which seldom
  // changes. An id of a user is as long as it likes to be; the index has its first characters.
  ({ table }) => [
    `CREATE TABLE IF NOT EXISTS ${table} (
  handle VARCHAR(64) NOT NULL PRIMARY KEY,
  data LONGTEXT NOT NULL,
  secret_hash VARCHAR(64) NOT NULL,
  previous_secret_hash VARCHAR(64),
  previous_epoch BIGINT NOT NULL,
  previous_until DOUBLE NOT NULL,
  epoch BIGINT NOT NULL,
  version BIGINT NOT NULL,
  created_at DOUBLE NOT NULL,
  expires_at DOUBLE NOT NULL,
  absolute_expires_at DOUBLE NOT NULL,
  idle_timeout DOUBLE NOT NULL,
  persistent TINYINT NOT NULL,
  user_id LONGTEXT,
  fence BIGINT NOT NULL,
  locked_until DOUBLE NOT NULL,
  claimed_by VARCHAR(36),
  prune_slot INT GENERATED ALWAYS AS (LEAST(CEIL(expires_at / ${SLOT}), 2147483647)) STORED,
  INDEX user_id (user_id(191)),
  INDEX prune_slot (prune_slot)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  ],
];

export const VERSION: number = MIGRATIONS.length;

/** Creates the tables, or brings them to the newest version. Run again, it does nothing. */
export function schemaStatements(names: Names, from = 0): string[] {
  const { versions } = names;
  return [
    ...MIGRATIONS.slice(from).flatMap((migrate) => migrate(names)),
    `CREATE TABLE IF NOT EXISTS ${versions} (id TINYINT NOT NULL PRIMARY KEY, version INT NOT NULL) ENGINE = InnoDB`,
    `INSERT INTO ${versions} (id, version) VALUES (1, ${VERSION})
  ON DUPLICATE KEY UPDATE version = GREATEST(version, ${VERSION})`,
  ];
}
