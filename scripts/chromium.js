// Where a Chromium is for the browser tests: the one named by CHROMIUM, one that the machine has, or, where Debian's
// packages can be installed (as root), a fresh one. Prints its path; without one, says on stderr how to get it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The path of a Chromium, or undefined if there is none and none could be installed. */
export function chromium() {
  const found = [process.env.CHROMIUM, ...PLACES].find((path) => path && existsSync(path));
  if (found !== undefined || process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return found;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const command of ["update", "install -y --no-install-recommends chromium"]) {
    spawnSync("apt-get", ["-q", ...command.split(" ")], { env, stdio: "ignore", timeout: 240_000 });
  }
  return PLACES.find((path) => existsSync(path));
}

export const HOW_TO_GET_ONE =
  "No Chromium was found, so the browser tests did not run. Install one (Debian: apt-get install chromium), or give " +
  "its path: CHROMIUM=/path/to/chrome npm run test:frameworks";

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = chromium();
  if (path === undefined) console.error(HOW_TO_GET_ONE);
  else console.log(path);
  process.exitCode = path === undefined ? 1 : 0;
}
