import type { Names } from "./options.ts";

/** Seconds of one slot: expired records are found by the slot of their deadline. */
export const SLOT = 600;

/**
 * Returns the statement that creates the table if it is missing. Type JSON would sort keys and round numbers. Of what a
 * request changes, only the slot is in an index, and it seldom changes. A user's id may have any length; the index has
 * its first characters.
 */
export function tableStatement({ table }: Names): string {
  return `CREATE TABLE IF NOT EXISTS ${table} (
  handle VARCHAR(64) NOT NULL PRIMARY KEY,
  data LONGTEXT NOT NULL,
  secret_hash VARCHAR(64) NOT NULL,
  previous_secret_hash VARCHAR(64),
  previous_epoch BIGINT NOT NULL,
  previous_until DOUBLE NOT NULL,
  epoch BIGINT NOT NULL,
  version BIGINT NOT NULL,
  expires_at DOUBLE NOT NULL,
  absolute_expires_at DOUBLE NOT NULL,
  user_id LONGTEXT,
  head LONGTEXT NOT NULL,
  fence BIGINT NOT NULL,
  locked_until DOUBLE NOT NULL,
  claimed_by VARCHAR(36),
  prune_slot INT GENERATED ALWAYS AS (LEAST(CEIL(expires_at / ${SLOT}), 2147483647)) STORED,
  INDEX user_id (user_id(191)),
  INDEX prune_slot (prune_slot)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;
}
