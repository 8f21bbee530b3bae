import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type LaunchOptions } from "playwright-core";

const script = fileURLToPath(new URL("../scripts/chromium.js", import.meta.url));
const found = spawnSync(process.execPath, [script], { encoding: "utf8" });
const executablePath = found.stdout.trim();
if (executablePath === "") {
  // Where everything has to run, a browser that is missing is a failure.
  if (process.env.CI) throw new Error(found.stderr);
  console.warn(found.stderr);
}

/** Whether there is a browser to run tests in. */
export const hasChromium: boolean = executablePath !== "";

/** A browser without a window, which asks nobody on the network but the page's own server. */
export function launchChromium({
  args = [],
  ...options
}: Pick<LaunchOptions, "ignoreDefaultArgs" | "args" | "executablePath"> = {}): Promise<Browser> {
  return chromium.launch({
    executablePath,
    ...options,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"].concat([
      "--disable-background-networking",
      "--disable-component-update",
      ...args,
    ]),
  });
}
