import { createRequire } from "node:module";
import { join } from "node:path";
import { Problem } from "../problem.ts";

/**
 * Loads the first of these packages that the user's project has, from the working directory. Throws `Problem` that names the
 * command to install the first one.
 */
export function loadClient<T>(names: readonly string[], what: string): { name: string; module: T } {
  const require = createRequire(join(process.cwd(), "package.json"));
  for (const name of names) {
    try {
      require.resolve(name);
    } catch {
      continue;
    }
    return { name, module: require(name) as T };
  }
  throw new Problem(
    `${what} needs a client, and there is none in ${process.cwd()}. Install one: npm install ${names[0]}`,
  );
}
