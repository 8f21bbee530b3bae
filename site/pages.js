// Copies docs/ to where VitePress compiles it (a page outside of this folder would not find Vue), and makes the home page.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Puts all pages into the folder, which is emptied before. Returns the README's first sentence, which describes the site. */
export function stage(root, folder) {
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(root, "docs"), folder, { recursive: true });
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const { sentences, blocks } = opening(readme);
  writeFileSync(join(folder, "index.md"), home(sentences, blocks, sections(readme)));
  return sentences[0];
}

/** Returns every page of a folder and of those in it, relative and without `.md`, in the order of their names. */
export function pagesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .map((path) => path.replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".md"))
    .map((path) => path.slice(0, -".md".length))
    .sort();
}

/** Returns the first two sentences of the README, and the code blocks before its second heading, each with its title. */
function opening(readme) {
  const [, text = ""] = /^# .*\n([\s\S]*?)\n## /.exec(readme) ?? [];
  const [first = ""] = text.trim().split("\n\n");
  const sentences = first
    .replaceAll("\n", " ")
    .split(/(?<=\.) /)
    .slice(0, 2);
  const blocks = Array.from(text.matchAll(/(?:With|On) `?(\w+)`?:\n\n(```ts)(\n[\s\S]*?\n```)/g), (found) => {
    const [, title, fence, code] = found;
    return `${fence} [${title}]${code}`;
  });
  if (sentences.length < 2 || blocks.length === 0)
    throw new Error("The README has no opening that makes a home page.");
  return { sentences, blocks };
}

const ON_HOME = ["Compared with others", "Try it", "What there is"];

/** Returns those sections of the README that the home page has too. Their links lead from the root to docs/, where the page is. */
function sections(readme) {
  const all = readme.split(/^(?=## )/m);
  return ON_HOME.map((heading) => {
    const section = all.find((text) => text.startsWith(`## ${heading}\n`));
    if (section === undefined)
      throw new Error(`The README has no section "${heading}", which the home page shows.`);
    return section.trim().replaceAll("](docs/", "](");
  });
}

function home(sentences, blocks, more) {
  const hero = {
    name: "micropie",
    tagline: sentences.join(" ").replace(/`([^`]+)`/g, "<code>$1</code>"),
    actions: [
      { theme: "brand", text: "Guide", link: "/guide" },
      { theme: "alt", text: "Your framework", link: "/adapters" },
      { theme: "alt", text: "Recipes", link: "/recipes" },
    ],
  };
  const head = ["---", "layout: home", `hero: ${JSON.stringify(hero)}`, "---"];
  return [...head, "", "::: code-group", "", ...blocks, "", ":::", "", more.join("\n\n"), ""].join("\n");
}
