import { ConfigError } from "../errors.ts";

/** What an App accepts of a request's body. Sizes are bytes, times seconds. */
export interface BodyLimits {
  /** A JSON or urlencoded body, and all the fields of a multipart form together. Default 1,048,576. Beyond: 413. */
  bodySize?: number;
  /** A multipart form with its files, or a body read as a stream. Default 104,857,600. Beyond: 413. */
  uploadSize?: number;
  /** One file. Default `uploadSize`. Beyond: 413. */
  fileSize?: number;
  /** How many files. Default 100. Beyond: 413. */
  files?: number;
  /** How many fields a form has. Default 1,000. Beyond: 413. */
  fields?: number;
  /** Until a JSON or urlencoded body is complete. Default 5. Beyond: 408. */
  bodyTimeout?: number;
  /** Without a byte of a form with files, or of a stream, while the handler waits for one. Default 10. Beyond: 408. */
  stallTimeout?: number;
  /** Until an upload is complete. Default 600. Beyond: 408. */
  uploadTimeout?: number;
}

const MEBIBYTE = 1_048_576;

const DEFAULTS: Required<BodyLimits> = {
  bodySize: MEBIBYTE,
  uploadSize: 100 * MEBIBYTE,
  fileSize: 100 * MEBIBYTE,
  files: 100,
  fields: 1000,
  bodyTimeout: 5,
  stallTimeout: 10,
  uploadTimeout: 600,
};

/** The limits with every default filled in. Throws ConfigError naming the one that is wrong. */
export function resolveLimits(given: BodyLimits = {}): Required<BodyLimits> {
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(DEFAULTS, name)) {
      throw new ConfigError(
        `limits.${name}`,
        `There is no such limit. There are: ${Object.keys(DEFAULTS).join(", ")}.`,
      );
    }
    if (typeof value !== "number" || !(value >= 0)) {
      throw new ConfigError(`limits.${name}`, `Give a number, at least 0; got ${String(value)}.`);
    }
  }
  const limits = { ...DEFAULTS, ...given };
  return { ...limits, fileSize: given.fileSize ?? limits.uploadSize };
}
