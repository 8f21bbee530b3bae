import { type Duration, secondsOf } from "../duration.ts";
import { ConfigError } from "../errors.ts";
import { type Resolved, refuseUnknown } from "../option-names.ts";

/** What an App accepts of a request's body. Sizes are in bytes; times are seconds, or texts such as `"30s"`. */
export interface BodyLimits {
  /** The size of a JSON or urlencoded body, and of all fields of a multipart form together. Default 1,048,576. Above it: 413. */
  bodySize?: number | undefined;
  /** The size of a multipart form with its files, or of a body read as a stream. Default 104,857,600. Above it: 413. */
  uploadSize?: number | undefined;
  /** The size of one file. Default `uploadSize`. Above it: 413. */
  fileSize?: number | undefined;
  /** The number of files. Default 100. Above it: 413. */
  files?: number | undefined;
  /** The number of fields of a form. Default 1,000. Above it: 413. */
  fields?: number | undefined;
  /** The number of members of one object in a JSON body. Default 50,000. Above it: 413. */
  members?: number | undefined;
  /** The time until a JSON or urlencoded body is complete. Default 5 s. Above it: 408. */
  bodyTimeout?: Duration | undefined;
  /** The time without a byte of an upload while the handler waits for one. Default 10 s. Above it: 408. */
  stallTimeout?: Duration | undefined;
  /** The time until an upload is complete. Default 10 min. Above it: 408. */
  uploadTimeout?: Duration | undefined;
}

const MEBIBYTE = 1_048_576;

const DEFAULTS: Resolved<BodyLimits> = {
  bodySize: MEBIBYTE,
  uploadSize: 100 * MEBIBYTE,
  fileSize: 100 * MEBIBYTE,
  files: 100,
  fields: 1000,
  members: 50_000,
  bodyTimeout: 5,
  stallTimeout: 10,
  uploadTimeout: 600,
};

/** Returns the limits with all defaults. Throws ConfigError that names a limit that is unknown or invalid. */
export function resolveLimits(given: BodyLimits = {}): Resolved<BodyLimits> {
  refuseUnknown(given, Object.keys(DEFAULTS), "limits.");
  const limits: { -readonly [Name in keyof BodyLimits]-?: number } = { ...DEFAULTS };
  for (const [name, value] of Object.entries(given) as [keyof BodyLimits, unknown][]) {
    if (name.endsWith("Timeout"))
      limits[name] = secondsOf(`limits.${name}`, value, DEFAULTS[name], 0, "wait");
    else if (typeof value === "number" && value >= 0) limits[name] = value;
    else if (value !== undefined)
      throw new ConfigError(`limits.${name}`, `Must be a number, 0 or more; got ${String(value)}.`);
  }
  return { ...limits, fileSize: given.fileSize ?? limits.uploadSize };
}
