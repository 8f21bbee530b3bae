import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * `$1` is the package. What is installed so must not start: a server of the system on its usual port is none of our
 * business. The guard against that is ours only if there is none.
 */
const DEBIAN = `
  dpkg-query -W -f '\${Status}' "$1" 2>/dev/null | grep -q 'ok installed' && exit 0
  guard=/usr/sbin/policy-rc.d
  if [ ! -e "$guard" ]; then
    trap 'rm -f "$guard"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' > "$guard"
    chmod 755 "$guard"
  fi
  install() { apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=120 install "$1"; }
  install "$1" || { apt-get -q update && install "$1"; }`;

/** Whether Debian's packages can be installed here. */
export function canInstallDebian(): boolean {
  return process.getuid?.() === 0 && existsSync("/usr/bin/apt-get");
}

/** Installs a Debian package, without starting anything. Another run that wants the same waits for this one. */
export async function installDebian(name: string): Promise<void> {
  console.error(`Installing ${name} for the tests ...`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await succeeds("flock", ["/run/micropie-test-servers.lock", "sh", "-c", DEBIAN, "install", name], env);
}

/**
 * Where npm packages that bring a server are kept. As root the server runs as another user, who must be able to read it;
 * that is not certain in the repository, which may be in root's own folder.
 */
const CACHE =
  process.getuid?.() === 0
    ? "/var/cache/micropie-test-servers"
    : fileURLToPath(new URL("../../.cache/servers", import.meta.url));

/** Where `installNpm` puts a package. */
export function npmFolder(name: string, version: string): string {
  return join(CACHE, `${name.replace("/", "+")}@${version}`, "node_modules", name);
}

/** Installs an npm package, then runs the one script of it. Of two runs that do it at the same time, one keeps its own. */
export async function installNpm(name: string, version: string, script: string): Promise<void> {
  console.error(`Installing ${name} for the tests ...`);
  const half = join(CACHE, `half-${process.pid}-${Date.now()}`);
  try {
    await mkdir(half, { recursive: true });
    await writeFile(join(half, "package.json"), '{ "private": true }');
    // Not its scripts by themselves: the project's .npmrc may forbid or allow them.
    const options = ["--prefix", half, "--ignore-scripts", "--no-save", "--no-audit", "--no-fund"];
    if (!(await succeeds("npm", ["install", ...options, `${name}@${version}`]))) return;
    const folder = join(half, "node_modules", name);
    if (!(await succeeds(process.execPath, [join(folder, script)], process.env, folder))) return;
    await rename(half, join(CACHE, `${name.replace("/", "+")}@${version}`)).catch(() => {});
  } finally {
    await rm(half, { recursive: true, force: true });
  }
}

/** Whether a command ends well, within five minutes. It is not ended by Ctrl-C: an install must not stop half-way. */
export async function succeeds(
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
  cwd: string = "/",
): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, cwd, stdio: "ignore", detached: true, timeout: 300_000 });
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code === 0));
  });
}
