// Builds the site from docs/ and the README: `npm run site` writes site/dist. -- --serve shows it afterwards, on this
// machine alone; --port 4000 takes another port. Installs what the site's lock file says first, unless that is there.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const site = fileURLToPath(new URL("../site/", import.meta.url));
const dist = join(site, "dist");

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

const { values } = parseArgs({
  options: { serve: { type: "boolean" }, port: { type: "string", default: "8001" } },
});

process.exitCode = build();
if (process.exitCode === 0 && values.serve) serve(Number(values.port));

/** Returns the exit code of the step that failed; 0 if the site is built. */
function build() {
  const needed = isInstalled() ? 0 : install();
  return (
    needed || run(process.execPath, [join(site, "node_modules/vitepress/bin/vitepress.js"), "build", site])
  );
}

function isInstalled() {
  const version = (path) => {
    const at = join(site, path);
    return existsSync(at) && JSON.parse(readFileSync(at, "utf8")).packages["node_modules/vitepress"]?.version;
  };
  return version("node_modules/.package-lock.json") === version("package-lock.json");
}

function install() {
  const shell = process.platform === "win32";
  return run(shell ? "npm.cmd" : "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], shell);
}

function run(command, args, shell = false) {
  // A test that builds the site is not what the pages are for.
  const env = { ...process.env, NODE_ENV: "production" };
  const { status, error } = spawnSync(command, args, { cwd: site, stdio: "inherit", shell, env });
  if (error) console.error(error.message);
  return status ?? 1;
}

function serve(port) {
  const server = createServer((request, response) => {
    const found = fileOf(request.url ?? "/");
    const file = found ?? join(dist, "404.html");
    const type = TYPES[extname(file)] ?? "application/octet-stream";
    response.writeHead(found === undefined ? 404 : 200, { "content-type": type }).end(readFileSync(file));
  });
  server.listen(port, "127.0.0.1", () => console.log(`http://localhost:${server.address().port}/`));
}

/** Returns the file that a request is for; undefined if it is none of the site's. */
function fileOf(url) {
  const path = url.replace(/[?#].*/, "").replace(/\/$/, "/index.html");
  return files().has(path) ? join(dist, path) : undefined;
}

function files() {
  const paths = readdirSync(dist, { recursive: true, withFileTypes: true });
  const inSite = ({ parentPath, name }) => `/${relative(dist, join(parentPath, name)).replaceAll("\\", "/")}`;
  return new Set(paths.filter((entry) => entry.isFile()).map(inSite));
}
