/** What exactly was measured. */
import { readFileSync } from "node:fs";
import { packageOf } from "./links.js";

/** The version of every package that a contender names, by name. */
export function versionsOf({ packages = [] }) {
  return Object.fromEntries(
    packages.map((folder) => {
      const { name, version } = packageOf(folder);
      return [name, version];
    }),
  );
}

export function ownVersion() {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
}
