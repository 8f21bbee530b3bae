// How large the library is in the bundle of an application: `npm run size` prints a table. -- --write puts it into
// docs/performance.md, -- --json prints what the test reads.
import { readFileSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";
import { build } from "./build.js";
import { MODULES } from "./bundle.js";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What is bundled. The budget is in bytes of gzip, and holds today; the aim is what it should become, if there is one. */
const BUNDLES = [
  {
    name: "`createSessions` alone",
    program: 'export { createSessions } from "micropie";',
    budget: 40_900,
  },
  {
    name: "`createSessions`, memory, `adapters/fetch`",
    program: `export { createSessions, InMemorySessionBackend } from "micropie";
      export { fetchSessions } from "micropie/adapters/fetch";`,
    budget: 49_000,
    aim: 16_000,
  },
  {
    name: "`createSessions`, memory, `adapters/node`",
    program: `export { createSessions, InMemorySessionBackend } from "micropie";
      export { nodeSessions } from "micropie/adapters/node";`,
    budget: 51_100,
    aim: 18_000,
  },
];

/** Returns a bundle's bytes, minified and gzipped, and what each module has in it, the largest first. */
async function measure({ name, program, budget, aim }) {
  const { text } = await bundle(name, program);
  // The package has few files, so what is in the bundle is asked of the modules that these are made of.
  const modules = program.replace(/"micropie(\/[^"]+)?"/g, (_, path = "/index") =>
    JSON.stringify(join(MODULES, `${path}.js`)),
  );
  const apart = await bundle(name, modules);
  return {
    name,
    minified: Buffer.byteLength(text),
    gzipped: gzipSync(text, { level: 9 }).length,
    budget,
    aim,
    files: filesOf(apart.text, apart.map),
  };
}

/** Bundles a program, as applications do. */
async function bundle(name, program) {
  // A program in this folder gets the built package by the package's own name.
  const entry = join(root, "size.js");
  const bundled = await rolldown({
    input: entry,
    cwd: root,
    platform: "node",
    plugins: [
      {
        name: "program",
        resolveId: (id) => (id === entry ? id : undefined),
        load: (id) => (id === entry ? program : undefined),
      },
    ],
  });
  const { output } = await bundled.generate({ minify: true, sourcemap: true });
  await bundled.close();
  const chunks = output.filter(({ type }) => type === "chunk");
  if (chunks.length !== 1) throw new Error(`${name}: ${chunks.length} chunks instead of one`);
  const [{ code, map }] = chunks;
  // Without the comment that names the map.
  return { text: code.replace(/\n\/\/# sourceMappingURL=.*\n?$/, "\n"), map };
}

/** Returns the files that a minified text comes from, by its source map. */
function filesOf(text, map) {
  const folder = join(root, "dist");
  const sources = new SourceMap(map);
  const bytes = new Map();
  for (const [row, line] of text.split("\n").entries()) {
    for (let column = 0; column < line.length; column++) {
      const { originalSource } = sources.findEntry(row, column);
      if (originalSource === undefined) continue;
      const file = relative(root, join(folder, originalSource)).replace(/^\.tmp.modules/, "dist");
      bytes.set(file, (bytes.get(file) ?? 0) + Buffer.byteLength(line[column]));
    }
  }
  return Array.from(bytes, ([file, size]) => ({ file, bytes: size })).sort((a, b) => b.bytes - a.bytes);
}

function table(rows) {
  const kB = (bytes) => (bytes === undefined ? "" : (bytes / 1000).toFixed(1));
  return [
    "| bundle | minified, kB | gzipped, kB | budget, kB | aim, kB |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...rows.map(
      ({ name, minified, gzipped, budget, aim }) =>
        `| ${name} | ${kB(minified)} | ${kB(gzipped)} | ${kB(budget)} | ${kB(aim)} |`,
    ),
  ].join("\n");
}

function print(rows) {
  for (const { name, minified, gzipped, budget, aim, files } of rows) {
    const limits = [`budget ${budget}`, ...(aim === undefined ? [] : [`aim ${aim}`])].join(", ");
    console.log(`${name.replaceAll("`", "")}: ${minified} bytes minified, ${gzipped} gzipped (${limits})`);
    const own = files.filter(({ file }) => file.startsWith("dist/"));
    for (const { file, bytes } of own.slice(0, 5)) console.log(`${String(bytes).padStart(8)}  ${file}`);
    const other = files.filter(({ file }) => !file.startsWith("dist/"));
    const sum = other.reduce((total, { bytes }) => total + bytes, 0);
    console.log(`${String(sum).padStart(8)}  of other packages\n`);
  }
}

if (build({ ifNeeded: true }) !== 0) process.exit(1);
const rows = [];
for (const each of BUNDLES) rows.push(await measure(each));
if (process.argv.includes("--json")) {
  console.log(JSON.stringify(rows));
} else if (process.argv.includes("--write")) {
  const page = join(root, "docs/performance.md");
  const [begin, end] = ["<!-- size:begin, written by npm run size -->", "<!-- size:end -->"];
  const text = readFileSync(page, "utf8");
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`docs/performance.md: ${begin} and ${end} are not there.`);
  writeFileSync(page, `${text.slice(0, from)}${begin}\n\n${table(rows)}\n\n${text.slice(to)}`);
} else {
  print(rows);
  const over = rows.filter(({ gzipped, budget }) => gzipped > budget);
  for (const { name, gzipped, budget } of over) console.error(`${name}: ${gzipped - budget} over its budget`);
  if (over.length > 0) process.exitCode = 1;
}
