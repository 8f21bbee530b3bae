import { findValues } from "../core/token.ts";

/** The values of the cookies of one name, decoded as the `cookie` package does it: what cannot be stays as it is. */
export function decodedValues(header: string, name: string): string[] {
  return findValues(header, name).map((value) => {
    if (!value.includes("%")) return value;
    try {
      return decodeURIComponent(value);
    } catch {
      return value;
    }
  });
}
