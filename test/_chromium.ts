import { existsSync } from "node:fs";
import { type Browser, chromium, type LaunchOptions } from "playwright-core";
import { canInstallDebian, installDebian } from "./servers/install.ts";

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** The one named by CHROMIUM, or one that the machine has. */
const found = (): string | undefined =>
  [process.env.CHROMIUM, ...PLACES].find((path) => path !== undefined && path !== "" && existsSync(path));

if (found() === undefined && canInstallDebian()) await installDebian("chromium");
const executablePath = found() ?? "";
if (executablePath === "") {
  const how =
    "No Chromium was found, so the browser tests did not run. Install one (Debian: apt-get install chromium), or give " +
    "its path: CHROMIUM=/path/to/chrome npm run test:frameworks";
  // Where everything has to run, a browser that is missing is a failure.
  if (process.env.CI) throw new Error(how);
  console.warn(how);
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
