// `npm start` in an example's folder: installs and builds what is missing, then runs the example's `serve` script, or its
// server.ts. Copied elsewhere, an example needs none of this: `npm install` and `node server.ts` (Node 22.18 or later).
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = process.cwd();
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const node = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");

// Without what npm tells its scripts: another npm would take this folder for its own.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

if (!existsSync(node) || isOld(root)) {
  console.log("Installing the library's packages, once. It takes half a minute.");
  run(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], root);
}
run(node, [join(root, "scripts", "build.js"), "--if-needed"], root);

// The library as users have it: a package of this name.
const link = join(dirname(fileURLToPath(import.meta.url)), "node_modules", "micropie");
mkdirSync(dirname(link), { recursive: true });
if (!existsSync(link)) symlinkSync(root, link, process.platform === "win32" ? "junction" : "dir");

const lock = join(folder, "package-lock.json");
if (existsSync(lock) && !existsSync(join(folder, "node_modules"))) {
  console.log(`Installing the packages of ${basename(folder)}, once.`);
  run(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], folder);
}

const { scripts } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
const server =
  scripts.serve === undefined
    ? spawn(node, ["server.ts"], { cwd: folder, stdio: "inherit" })
    : spawn(npm, ["run", "--silent", "serve"], { cwd: folder, stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => server.kill(signal));
server.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 0)));

// npm passes a signal on to a shell that dies of it without telling anybody; the server must not outlive them.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) server.kill("SIGTERM");
}, 200).unref();

/** Whether the packages are not installed, or not those that the lock file names now. */
function isOld(path) {
  const installed = join(path, "node_modules", ".package-lock.json");
  return (
    !existsSync(installed) || statSync(installed).mtimeMs < statSync(join(path, "package-lock.json")).mtimeMs
  );
}

function run(command, args, cwd) {
  const { status } = spawnSync(command, args, {
    cwd,
    env,
    stdio: "inherit",
    shell: command.endsWith(".cmd"),
  });
  if (status !== 0) process.exit(status ?? 1);
}
