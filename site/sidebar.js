// Which section of the sidebar has which page. A page of docs/ that none names is in the guide.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pagesIn } from "./pages.js";

const REST = "the rest";

/** The pages of each section. A folder ends in a slash: its pages come in the order in which the page of that name links to them. */
const SECTIONS = [
  ["Start", ["start", "adapters", "adapters/"]],
  [
    "Guide",
    [
      "guide",
      "app",
      "sockets",
      "testing",
      "simulation",
      "runtimes",
      "dbsc",
      "operators",
      REST,
      "troubleshooting",
    ],
  ],
  ["Recipes", ["recipes", "recipes/"]],
  ["Stores", ["backends", "backends/"]],
  ["Reference", ["reference"]],
  ["Guarantees", ["guarantees", "model", "security", "decisions/"]],
  ["How it compares", ["compare", "compare/", "performance", "scaling"]],
  ["Migrate", ["migrate", "compat", "express-session", "rolling-deploy", "managing-sessions"]],
];

/** Returns the sidebar of the pages in a folder. Throws if a section names a page that is not there. */
export function sidebar(folder) {
  const all = pagesIn(folder).filter((page) => page !== "index");
  const named = SECTIONS.flatMap(([, pages]) => pages).filter((page) => page !== REST);
  const missing = named.filter((page) => !page.endsWith("/") && !all.includes(page));
  if (missing.length > 0)
    throw new Error(`The sidebar names pages that are not there: ${missing.join(", ")}`);
  const isNamed = (page) =>
    named.some((name) => page === name || (name.endsWith("/") && page.startsWith(name)));
  const rest = all.filter((page) => !isNamed(page));

  const item = (page) => ({ text: titleOf(folder, page), link: `/${page}` });
  const items = (name) => {
    if (name === REST) return rest.map(item);
    if (!name.endsWith("/")) return [item(name)];
    const within = inOrder(
      folder,
      name,
      all.filter((page) => page.startsWith(name)),
    ).map(item);
    return name === "decisions/" ? [{ text: "Decisions", collapsed: true, items: within }] : within;
  };
  return SECTIONS.map(([text, pages]) => ({
    text,
    collapsed: text !== "Start",
    items: overviewFirst(text, pages.flatMap(items)),
  }));
}

/** The first page of a section often has the name of the section, which would stand there twice. */
function overviewFirst(section, [first, ...others]) {
  const isNamedAlike = first.text === section && others.length > 0;
  return [isNamedAlike ? { ...first, text: "Overview" } : first, ...others];
}

function titleOf(folder, page) {
  const [, title = page] = /^# (.*)$/m.exec(readFileSync(join(folder, `${page}.md`), "utf8")) ?? [];
  return title.replaceAll("`", "");
}

function inOrder(folder, name, pages) {
  const overview = `${name.slice(0, -1)}.md`;
  if (!pagesIn(folder).includes(overview.slice(0, -".md".length))) return pages;
  const text = readFileSync(join(folder, overview), "utf8");
  const place = (page) => {
    const at = text.indexOf(`](${page}.md`);
    return at === -1 ? text.length : at;
  };
  return pages.toSorted((a, b) => place(a) - place(b));
}
