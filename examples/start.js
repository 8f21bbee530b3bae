// `npm start` in the folder of an example: installs and builds what is missing, then runs the example's `serve` script or its
// server.ts. A copy of an example does not need this: run `npm install` and `node server.ts` (Node 22.18 or newer).
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { once } from "../scripts/lock.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = process.cwd();
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const node = join(root, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");

// Without the variables that npm sets for its scripts: a second npm would use this folder as its own.
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));

if (!existsSync(node) || isOld(root)) {
  console.log("Installing the library's packages, once. It takes half a minute.");
  run(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], root);
}
run(node, [join(root, "scripts", "build.js"), "--if-needed"], root);

// The library as users install it: a package named micropie.
const link = join(dirname(fileURLToPath(import.meta.url)), "node_modules", "micropie");
mkdirSync(dirname(link), { recursive: true });
if (!existsSync(link)) symlinkSync(root, link, process.platform === "win32" ? "junction" : "dir");

const lock = join(folder, "package-lock.json");
if (existsSync(lock))
  once(
    join(root, ".tmp", `installing-${basename(folder)}`),
    () => isOld(folder),
    () => {
      console.log(`Installing the packages of ${basename(folder)}, once.`);
      run(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], folder);
    },
  );

const { scripts } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
// A program alone is started here, since npm would not pass on the signal that ends it.
const [, program] = /^node (\S+)$/.exec(scripts.serve ?? "node server.ts") ?? [];
const places = [join(folder, "node_modules", ".bin"), process.env.PATH].join(delimiter);
const server =
  program === undefined
    ? spawn(npm, ["run", "--silent", "serve"], { cwd: folder, stdio: "inherit" })
    : spawn(node, [program], { cwd: folder, stdio: "inherit", env: { ...process.env, PATH: places } });
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => server.kill(signal));
server.on("exit", (code, signal) => process.exit(code ?? (signal === null ? 1 : 0)));

// npm sends signals to a shell, which dies without passing them on. The server must not outlive it.
const parent = process.ppid;
setInterval(() => {
  if (process.ppid !== parent) server.kill("SIGTERM");
}, 200).unref();

/** Returns true if the packages are missing or differ from the lock file. */
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
