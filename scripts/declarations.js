// Removes from the declarations of a build what nobody can reach: what no entry of the package exports, and nothing that it
// exports is made of. A third of all declarations is of that kind, with their docstrings.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseSync } from "rolldown/utils";

/** Prunes each declaration file in a folder. `entries` are the paths of those that can be imported; they keep their exports. */
export function pruneDeclarations(folder, entries) {
  const modules = new Map();
  const load = (path) => {
    const known = modules.get(path);
    if (known !== undefined) return known;
    const declarations = new Declarations(path, load);
    modules.set(path, declarations);
    declarations.keepEffects();
    return declarations;
  };
  for (const path of entries) load(path).keepExports();
  for (const name of readdirSync(folder, { recursive: true }).filter((each) => each.endsWith(".d.ts"))) {
    const path = join(folder, name);
    if (modules.has(path)) writeFileSync(path, modules.get(path).text());
    else rmSync(path);
  }
}

/** One declaration file, and what of it is kept. */
class Declarations {
  #load;
  #folder;
  #parts = [];
  #tail;
  #kept = new Set();
  /** Names of this file that something kept mentions. */
  #used = new Set();

  constructor(path, load) {
    this.#load = load;
    this.#folder = dirname(path);
    const source = readFileSync(path, "utf8");
    const { program, errors } = parseSync(path, source, { lang: "dts" });
    if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
    let end = 0;
    for (const node of program.body) {
      this.#parts.push({
        node,
        before: source.slice(end, node.start),
        text: source.slice(node.start, node.end),
      });
      end = node.end;
    }
    this.#tail = source.slice(end);
  }

  /** Keeps what has an effect by being there, such as `declare global`. */
  keepEffects() {
    for (const part of this.#parts) if (namesOf(part.node) === undefined) this.#keep(part);
  }

  /** The declarations that are kept. */
  text() {
    const parts = this.#parts.filter((part) => this.#kept.has(part));
    return (
      parts.map(({ node, before, text }) => before + (this.#importOf(node) ?? text)).join("") + this.#tail
    );
  }

  /** Keeps all that the file exports. */
  keepExports() {
    for (const part of this.#parts) if (part.node.type.startsWith("Export")) this.#keep(part);
  }

  /** Keeps what the file exports by a name. */
  keepExport(name) {
    for (const part of this.#parts) {
      const { type, specifiers = [] } = part.node;
      const isNamed = specifiers.some(({ exported }) => exported !== undefined && nameOf(exported) === name);
      if (
        isNamed ||
        type === "ExportAllDeclaration" ||
        (type === "ExportDefaultDeclaration" && name === "default")
      )
        this.#keep(part);
    }
    this.#use(name);
  }

  #keep(part) {
    if (this.#kept.has(part)) return;
    this.#kept.add(part);
    const { node, text } = part;
    const from = this.#of(node.source?.value);
    if (node.type === "ImportDeclaration") return;
    if (node.type === "ExportAllDeclaration") from?.keepExports();
    else if (node.source) for (const { local } of node.specifiers) from?.keepExport(nameOf(local));
    else {
      for (const [, path, name] of text.matchAll(/import\("(\.[^"]+)"\)\.(\w+)/g))
        this.#of(path).keepExport(name);
      // Words of a comment keep too much at worst.
      for (const name of text.replace(/\/\*[\s\S]*?\*\//g, "").match(/[\w$]+/g) ?? []) this.#use(name);
    }
  }

  #use(name) {
    if (this.#used.has(name)) return;
    this.#used.add(name);
    for (const part of this.#parts) {
      if (part.node.type !== "ImportDeclaration") {
        if (namesOf(part.node)?.includes(name)) this.#keep(part);
        continue;
      }
      const specifier = part.node.specifiers.find(({ local }) => local.name === name);
      if (specifier === undefined) continue;
      this.#kept.add(part);
      const from = this.#of(part.node.source.value);
      if (specifier.type === "ImportSpecifier") from?.keepExport(nameOf(specifier.imported));
      else if (specifier.type === "ImportDefaultSpecifier") from?.keepExport("default");
      else from?.keepExports();
    }
  }

  /** The file of the package that a specifier leads to; undefined for another package. */
  #of(specifier) {
    return specifier?.startsWith(".")
      ? this.#load(join(this.#folder, specifier.replace(/\.[jt]s$/, ".d.ts")))
      : undefined;
  }

  /** An import of what is used alone; undefined for other statements, and for an import of all. */
  #importOf({ type, specifiers, importKind, source }) {
    if (type !== "ImportDeclaration" || !specifiers.every((each) => each.type === "ImportSpecifier"))
      return undefined;
    const used = specifiers.filter(({ local }) => this.#used.has(local.name));
    if (used.length === specifiers.length) return undefined;
    const names = used.map(({ imported, local, importKind: kind }) => {
      const alias = nameOf(imported) === local.name ? local.name : `${nameOf(imported)} as ${local.name}`;
      return kind === "type" ? `type ${alias}` : alias;
    });
    return `import ${importKind === "type" ? "type " : ""}{ ${names.join(", ")} } from "${source.value}";`;
  }
}

/** The names that a statement declares; undefined if it does something else that has to stay. */
function namesOf(node) {
  switch (node.type) {
    case "ImportDeclaration":
      return node.specifiers.length === 0 ? undefined : [];
    case "ExportNamedDeclaration":
      if (node.declaration) return namesOf(node.declaration);
      return node.specifiers.length === 0 ? undefined : [];
    case "ExportAllDeclaration":
    case "ExportDefaultDeclaration":
      return [];
    case "VariableDeclaration":
      return node.declarations.map(({ id }) => id.name);
    case "TSInterfaceDeclaration":
    case "TSTypeAliasDeclaration":
    case "ClassDeclaration":
    case "TSDeclareFunction":
    case "FunctionDeclaration":
      return [node.id.name];
    default:
      return undefined;
  }
}

/** A name, which may be in quotes. */
const nameOf = (node) => node.name ?? node.value;
