/** What exactly was measured. */
import { readFileSync } from "node:fs";

/** The name and version of every package that a contender names, and of micropie. */
export function versionsOf(rows) {
  const names = rows.flatMap((row) => row.packages);
  const ours = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return [...new Set([...names.map(installed), `${ours.name} ${ours.version}`])];
}

/** Looks where Node looks: here, and in the folder above. */
function installed(folder) {
  for (const above of ["../", "../../"]) {
    try {
      const file = new URL(`${above}node_modules/${folder}/package.json`, import.meta.url);
      const { name, version } = JSON.parse(readFileSync(file, "utf8"));
      return `${name} ${version}`;
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
  }
  throw new Error(`${folder} is not installed`);
}
