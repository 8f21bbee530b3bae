import { readdirSync } from "node:fs";

/**
 * Returns why no project can be written into a folder; undefined if one can: it is not there, or empty but for .git.
 * @param {string} folder
 * @returns {string | undefined}
 */
export function whyNotInto(folder) {
  try {
    const names = readdirSync(folder).filter((name) => name !== ".git");
    return names.length === 0
      ? undefined
      : `${folder} is not empty: it has ${names.slice(0, 3).join(", ")}${names.length > 3 ? " and more" : ""}`;
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === "ENOENT") return undefined;
    return code === "ENOTDIR" ? `${folder} is a file` : `${folder} cannot be read: ${code}`;
  }
}
