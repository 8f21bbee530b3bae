/** Where a reader finds the line that explains a result: in the released package that was run. */
import { existsSync, readFileSync } from "node:fs";

/** Looks where Node looks: here, and in the folders above. Throws if it is not there. */
export function packageOf(folder) {
  for (const above of ["./", "../", "../../"]) {
    const root = new URL(`${above}node_modules/${folder}/`, import.meta.url);
    if (!existsSync(new URL("package.json", root))) continue;
    const { name, version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
    return { name, version, root };
  }
  throw new Error(`${folder} is not installed`);
}

/**
 * The address of a source: one that is written as it is, or `[package, file, text]`, the first line of a file of the package that
 * has this text. Throws if no line has it: then the library has changed, and what we say of it may not be true any more.
 */
export function linkTo(source) {
  if (typeof source === "string") return source;
  const [folder, file, text] = source;
  const { name, version, root } = packageOf(folder);
  const lines = readFileSync(new URL(file, root), "utf8").split("\n");
  const at = lines.findIndex((line) => line.includes(text));
  if (at === -1) throw new Error(`${name} ${version}: no line of ${file} has ${text}`);
  return `https://app.unpkg.com/${name}@${version}/files/${file}#L${at + 1}`;
}
