import type { ListOption, SwitchOption } from "./subcommand.ts";

/** The options that show the data of sessions. */
export const DATA_OPTIONS: { readonly data: SwitchOption; readonly redact: ListOption } = {
  data: { type: "boolean", help: "show the data of sessions too" },
  redact: {
    type: "string",
    multiple: true,
    value: "KEY,...",
    help: "with --data: the keys, at any depth, whose values are not shown",
  },
};

/** The keys whose values are not shown. */
export type Redaction = ReadonlySet<string>;

/** Returns the keys to leave out; undefined if no data is asked for. */
export function redactionIn(values: {
  readonly data?: boolean | undefined;
  readonly redact?: readonly string[] | undefined;
}): Redaction | undefined {
  if (!values.data) return undefined;
  return new Set((values.redact ?? []).flatMap((keys) => keys.split(",")).map((key) => key.trim()));
}

/** Returns data as JSON has it, with rich values in the form that is read best. */
export function shownData(value: unknown, hidden: Redaction): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map) return shownData(Object.fromEntries(value), hidden);
  if (value instanceof Set) return shownData([...value], hidden);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof RegExp || value instanceof URL) return String(value);
  if (Array.isArray(value)) return value.map((each) => shownData(each, hidden));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      hidden.has(key) ? "[redacted]" : shownData(each, hidden),
    ]),
  );
}
