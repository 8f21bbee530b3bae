import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { FRAMEWORKS, STORES } from "./choices.js";
import { whyNotInto } from "./folder.js";
import { Problem } from "./problem.js";

const templates = fileURLToPath(new URL("../templates/", import.meta.url));

/**
 * Writes a project into a folder. Throws Problem, before anything is written, if something is there, or if `micropie` is the
 * path of a file that is not.
 * @param {object} project
 * @param {string} project.folder
 * @param {string} project.framework A key of FRAMEWORKS.
 * @param {string} project.store A key of STORES.
 * @param {string} project.micropie A version, or the path of a .tgz.
 * @returns {{ name: string, password: string }} The name of the package, and the password of its demo user.
 */
export function write({ folder, framework, store, micropie }) {
  const reason = whyNotInto(folder);
  if (reason !== undefined) throw new Problem(`${reason}. Nothing was written.`);
  const tarball = micropie.endsWith(".tgz") ? resolve(micropie.replace(/^file:/, "")) : undefined;
  if (tarball !== undefined && !existsSync(tarball))
    throw new Problem(`--micropie: there is no file ${tarball}`);

  const name = nameOf(folder);
  const password = randomBytes(9).toString("base64url");
  mkdirSync(folder, { recursive: true });
  for (const layer of ["base", ...FRAMEWORKS[framework].layers, `stores/${store}`])
    cpSync(join(templates, layer), folder, { recursive: true });
  // npm packs no file of these names.
  for (const hidden of ["gitignore", "dockerignore"])
    renameSync(join(folder, `_${hidden}`), join(folder, `.${hidden}`));

  const spec = tarball === undefined ? micropie : `file:${basename(tarball)}`;
  if (tarball !== undefined) copyFileSync(tarball, join(folder, basename(tarball)));
  const { variables, isServer, ...about } = STORES[store];
  writeFileSync(join(folder, "package.json"), json(manifest(name, framework, store, spec)));
  const local = isServer ? variables.map(([variable, value]) => `${variable}=${value}\n`) : [];
  writeFileSync(join(folder, ".env"), `DEMO_PASSWORD=${password}\n${local.join("")}`);
  fill(join(folder, "Dockerfile"), {
    copy: `COPY package.json package-lock.json ${tarball === undefined ? "" : `${basename(tarball)} `}./`,
    docker: about.docker,
  });
  fill(join(folder, "README.md"), {
    name,
    framework: FRAMEWORKS[framework].title,
    store: about.title,
    storeNote: about.note,
    productionNote: about.production,
    variables: variables
      .map(([variable, value, what]) => `| \`${variable}\` | \`${value}\` | ${what} |\n`)
      .join(""),
  });
  return { name, password };
}

/**
 * @param {string} name
 * @param {string} framework
 * @param {string} store
 * @param {string} micropie
 */
function manifest(name, framework, store, micropie) {
  const all = JSON.parse(readFileSync(join(templates, "dependencies.json"), "utf8"));
  const parts = ["base", framework, store].map((part) => all[part] ?? {});
  const merged = (/** @type {string} */ kind, more = {}) =>
    Object.fromEntries(
      Object.entries(Object.assign({}, more, ...parts.map((part) => part[kind]))).sort(([one], [other]) =>
        one < other ? -1 : 1,
      ),
    );
  return {
    name,
    private: true,
    type: "module",
    engines: { node: ">=22.18" },
    scripts: {
      start: "node --env-file-if-exists=.env src/server.ts",
      dev: "node --watch --env-file-if-exists=.env src/server.ts",
      test: 'node --test "test/*.test.ts"',
      types: "tsc",
    },
    dependencies: merged("dependencies", { micropie }),
    devDependencies: merged("devDependencies"),
  };
}

/**
 * Returns a name that npm takes, made of the folder's.
 * @param {string} folder
 */
function nameOf(folder) {
  const name = basename(resolve(folder))
    .toLowerCase()
    .replace(/[^a-z0-9-._~]+/g, "-")
    .replace(/^[-._]+|[-.]+$/g, "");
  return name || "app";
}

const json = (/** @type {object} */ value) => `${JSON.stringify(value, null, 2)}\n`;

/**
 * Replaces each {{name}} in a file.
 * @param {string} path
 * @param {Readonly<Record<string, string>>} values
 */
function fill(path, values) {
  const text = readFileSync(path, "utf8").replace(/\{\{(\w+)\}\}/g, (_, name) => values[name] ?? "");
  writeFileSync(path, text.replace(/\n+$/, "\n"));
}
