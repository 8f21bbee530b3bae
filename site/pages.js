// Copies docs/ to where VitePress compiles it (a page outside of this folder would not find Vue), and makes the home page.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Puts all pages into the folder, which is emptied before. Returns the README's first sentence, which describes the site. */
export function stage(root, folder) {
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(root, "docs"), folder, { recursive: true });
  const { sentences, blocks } = opening(readFileSync(join(root, "README.md"), "utf8"));
  writeFileSync(join(folder, "index.md"), home(sentences, blocks));
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

function home(sentences, blocks) {
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
  return [...head, "", "::: code-group", "", ...blocks, "", ":::", ""].join("\n");
}
