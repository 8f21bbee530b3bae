// Puts the compiled modules into few files: `node scripts/bundle.js FROM TO [ENTRY...]`. An entry of the package stays a file
// of its own, by its path; what several of them import goes into files in _shared/. Code is minified. Functions and classes
// keep their names, and each has a line of its own, so that stacks can be read. Further ENTRYs are modules that no user imports.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { minifySync, parseSync } from "rolldown/utils";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Where the modules of the source tree have been compiled to, one file each; tests and tools look into them. */
export const MODULES = join(root, ".tmp", "modules");

/** What nearly every application loads, or none of it: a file less to find and read is worth more than code that is left out. */
const GROUPS = [
  {
    name: "core",
    test: /[\\/]modules[^\\/]*[\\/](?:core[\\/]|record[\\/]|environment|errors|duration|option-names|warning|backends[\\/](?:backend|_fallback|_attempts|_dictionary|_envelope|_kind|_notice|_overrides|_recent|_standings|_turns))/,
  },
  {
    name: "visit",
    test: /[\\/]modules[^\\/]*[\\/]visit[\\/](?!hold|mask|http2|intercept|node-response|around|watch-body|carry|listener|endpoint)/,
  },
  // A group takes with it what its modules import, unless another one before has that: adapters and the command have these too.
  { name: "endpoint", test: /[\\/]modules[^\\/]*[\\/]visit[\\/]endpoint\.js$/ },
  { name: "server", test: /[\\/]modules[^\\/]*[\\/]app[\\/](?:server|rooms)\.js$/ },
  // What multipart.js and the sockets of an App, which are loaded later, need of it: if that was in one file with the App, a bundler
  // of an application could leave out neither.
  {
    name: "answers",
    test: /[\\/]modules[^\\/]*[\\/]app[\\/](?:answer|body-content|body-source|breath|copy|exchange|failure|headers|html|http-error|middleware|parameters|reply|request|routes|seal|stream)\.js$/,
  },
  {
    name: "app",
    test: /[\\/]modules[^\\/]*[\\/]app[\\/](?:app|body|json|limits|methods|mount|options|respond|serve|signals|socket-limits|urlencoded)\.js$/,
  },
];

/** The modules that users import, or that run: their paths below dist/, without the ending. */
function entries() {
  const { exports, bin } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const files = [...Object.values(exports).map((entry) => entry.default ?? ""), ...Object.values(bin)];
  const paths = files
    .filter((file) => file.endsWith(".js"))
    .map((file) => file.replace(/^(\.\/)?dist\//, ""));
  // `npm start` calls the command without the process that it runs in.
  return [...new Set(paths.map((path) => path.replace(/\.js$/, ""))), "cli/cli"];
}

/** Bundles the modules in `from` into the folder `to`. */
export async function bundle(from, to, more = []) {
  const input = Object.fromEntries([...entries(), ...more].map((path) => [path, join(from, `${path}.js`)]));
  const bundled = await rolldown({
    input,
    cwd: from,
    platform: "node",
    external: (id) => !/^[./\\]|^[A-Za-z]:/.test(id),
    // Exports that nobody imports are left out; what a module does besides its definitions is not.
    treeshake: { moduleSideEffects: true },
  });
  const { output } = await bundled.generate({
    chunkFileNames: "_shared/[name].js",
    entryFileNames: "[name].js",
    codeSplitting: { groups: GROUPS },
    minify: false,
  });
  await bundled.close();
  return output.map(({ fileName, code }) => ({ path: join(to, fileName), code: minified(fileName, code) }));
}

function minified(name, text) {
  const keepNames = { function: true, class: true };
  // Nothing but names of variables and white space: what a function does and how many arguments it takes stay as tested.
  const options = { module: true, compress: false, mangle: { toplevel: true, keepNames } };
  const { code, errors } = minifySync(name, text, options);
  if (errors.length > 0) throw new Error(`${name}: ${errors[0].message}`);
  return lines(name, code);
}

/** Returns the code with a line for each statement of the module. */
function lines(name, code) {
  const { body, hashbang } = parseSync(name, code).program;
  const statements = hashbang === null ? body : [hashbang, ...body];
  return `${statements.map(({ start, end }) => code.slice(start, end)).join("\n")}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [from, to, ...more] = process.argv.slice(2);
  for (const { path, code } of await bundle(resolve(from), resolve(to), more)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, code);
  }
}
