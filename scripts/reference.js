// Writes docs/reference.md: what `micropie` exports, from the docstrings of the built package.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

/** What a value belongs to, by the folder or file that it comes from. */
const GROUPS = [
  ["Sessions", /^core\/(?!register)/],
  ["App", /^app\//],
  ["Back-ends", /^backends\//],
  ["Errors", /^errors/],
];

/** What examples take for granted, each with the name that it declares. */
const GIVEN = [
  ["session", "declare const session: Session;"],
  ["user", "declare const user: { id: string };"],
  ["pay", "declare function pay(cart: string[]): Promise<void>;"],
  ["MyApp", "class MyApp extends App {}"],
  ["getSessionFromDb", "declare function getSessionFromDb(id: string): Promise<SessionData | undefined>;"],
  [
    "saveSessionToDb",
    "declare function saveSessionToDb(id: string, data: SessionData, timeout: number): Promise<void>;",
  ],
];

const names = exportedNames(readFileSync(join(dist, "index.d.ts"), "utf8"));
const values = names.filter(({ isType }) => !isType).map(describe);
const types = names.filter(({ isType }) => isType).map(describe);

const page = [
  "# Reference",
  "",
  "Everything that `micropie` exports: each value with an example, then the types. This page is made from the source by",
  "`npm run reference`. Adapters, back-ends and the rest have import paths of their own; see [adapters](adapters.md),",
  "[back-ends](backends.md), [testing](testing.md) and [moving from another library](migrate.md).",
  ...GROUPS.flatMap(([title, from]) => [
    "",
    `## ${title}`,
    ...values.filter(({ file }) => from.test(file)).flatMap(sectionOf),
  ]),
  "",
  "## Types",
  "",
  "| type | what it is |",
  "| --- | --- |",
  ...types.map(({ name, text }) => `| \`${name}\` | ${firstSentence(text)} |`),
  "",
].join("\n");
const at = process.argv[2] ?? join(root, "docs/reference.md");
writeFileSync(at, page);

/** Returns the names of `export { a, type B } from "./c.ts"`. */
function exportedNames(text) {
  const found = [];
  for (const [, all, list, from] of text.matchAll(
    /export (type )?\{([^}]*)\} from "\.\/(.*?)\.(?:ts|js)";/g,
  )) {
    for (const part of list.split(",").map((each) => each.trim())) {
      if (part === "") continue;
      const isType = all !== undefined || part.startsWith("type ");
      found.push({ name: part.replace(/^type /, ""), isType, file: `${from}.d.ts` });
    }
  }
  return found.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Adds the docstring, its example, and how the name is declared. Throws if it has no docstring. */
function describe({ name, isType, file }) {
  const text = readFileSync(join(dist, file), "utf8");
  const kinds = "(?:declare |abstract )*(?:function|class|const|interface|type)";
  const found = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\n(?=export ${kinds} ${name}\\b)`).exec(text);
  if (found === null) {
    const other = /export (?:type )?\{([^}]*)\} from "\.\.?\/(.*?)\.(?:ts|js)";/g;
    for (const [, list, from] of text.matchAll(other)) {
      if (new RegExp(`\\b${name}\\b`).test(list))
        return describe({
          name,
          isType,
          file: join(dirname(file), `${from.startsWith("record") ? "../" : ""}${from}.d.ts`),
        });
    }
    throw new Error(`${file}: ${name} has no docstring.`);
  }
  const [doc, example = ""] = found[1].split("@example");
  if (!isType && example === "") throw new Error(`${file}: ${name} has no @example.`);
  return {
    name,
    file,
    text: plain(doc),
    example: lines(example),
    declared: declarationAt(text, found.index + found[0].length),
  };
}

/** Returns a declaration without its body. */
function declarationAt(text, from) {
  const isClass = /^export (?:declare |abstract )*class/.test(text.slice(from, from + 40));
  let depth = 0;
  let at = from;
  for (; at < text.length; at++) {
    const character = text[at];
    if (isClass && character === "{") break;
    if ("({[".includes(character)) depth++;
    if (")}]".includes(character)) depth--;
    if (depth === 0 && character === ";") break;
  }
  return text
    .slice(from, at)
    .replace(/^export (?:declare )?/, "")
    .trim();
}

function sectionOf({ name, text, example, declared }) {
  return [
    "",
    `### \`${name}\``,
    "",
    "```typescript",
    declared,
    "```",
    "",
    text,
    "",
    "```ts",
    complete(example),
    "```",
  ];
}

/** Adds to an example what it takes for granted, and the import of the public names that it uses. */
function complete(example) {
  const code = example.replace(/\/\/.*|"[^"\n]*"/g, "");
  const given = GIVEN.filter(([name]) => {
    const isUsed = new RegExp(String.raw`(?<![.\w])${name}\b(?!:)`).test(code);
    const isMade = new RegExp(String.raw`\b(?:const|class) (?:\{ )?${name}\b|, ${name}\) (?:=>|\{)`).test(
      code,
    );
    return isUsed && !isMade;
  }).map(([, line]) => line);
  const parts = [...(given.length > 0 ? [given.join("\n")] : []), example].join("\n\n");
  return `${importsOf(parts)}\n\n${parts}`;
}

/** Returns the import of the public names that an example uses. */
function importsOf(example) {
  const used = names.filter(({ name, isType }) =>
    isType
      ? new RegExp(`: ${name}\\b`).test(example)
      : new RegExp(
          `\\b(?:${name}[(<]|new ${name}\\b|extends ${name}\\b|instanceof ${name}\\b|${name}\`)`,
        ).test(example),
  );
  const list = used.filter(({ name }) => !new RegExp(`\\b(?:class|function) ${name}\\b`).test(example));
  return `import { ${list.map(({ name, isType }) => `${isType ? "type " : ""}${name}`).join(", ")} } from "micropie";`;
}

/** Returns a docstring without its stars. */
function lines(doc) {
  return doc
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim();
}

/** Returns the text of a docstring for a page: a paragraph stays one. */
function plain(doc) {
  return lines(doc).replaceAll("{@link", "{");
}

function firstSentence(text) {
  const [first] = text.replaceAll("\n", " ").split(/(?<=[.:])\s+(?=[A-Z]|export )/);
  return first.replace(/:$/, ".").replaceAll("|", "\\|");
}
