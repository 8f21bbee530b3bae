import { ConfigError } from "../../errors.ts";
import { type Resolved, refuseUnknown } from "../../option-names.ts";

/** Options of `DynamoDbSessionBackend`. */
export interface DynamoDbOptions {
  /**
   * Name of the table; default "sessions". Its only key is the partition key `id`, of type S. It is for sessions alone, of one
   * application.
   */
  readonly table?: string | undefined;
}

/** Returns the options with their defaults. Throws ConfigError that names the wrong one. */
export function resolveOptions(options: DynamoDbOptions): Resolved<DynamoDbOptions> {
  refuseUnknown(options, ["table"]);
  const { table = "sessions" } = options;
  // Also an ARN, for a table of another account.
  if (typeof table !== "string" || !/^([\w.-]{3,255}|arn:[\w:/.-]{1,1020})$/.test(table))
    throw new ConfigError("table", "must be 3 to 255 letters, digits, _, - and ., or the ARN of a table");
  return { table };
}
