import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { anchorOf, checkAnchors } from "../anchors.js";
import { stage } from "../pages.js";
import { sidebar } from "../sidebar.js";
import { sourceLinks } from "../source-links.js";

const site = join(dirname(fileURLToPath(import.meta.url)), "..");
const root = join(site, "..");
const folder = join(site, ".tmp/docs");
const description = stage(root, folder);

export default {
  title: "micropie",
  description,
  lang: "en",
  // There is no picture, and a browser that is told so does not ask for one.
  head: [["link", { rel: "icon", href: "data:," }]],
  srcDir: folder,
  outDir: join(site, "dist"),
  cacheDir: join(site, ".tmp/cache"),
  markdown: {
    // Their colors can be read on the background of a code block: WCAG 2.2 asks for a contrast of 4.5.
    theme: { light: "github-light-high-contrast", dark: "github-dark-default" },
    anchor: { slugify: anchorOf },
    config: (md) => sourceLinks(md, root),
  },
  vite: { build: { chunkSizeWarningLimit: 4096 } },
  // A page without parts has no list of them, and its width for the code.
  transformPageData: ({ filePath, frontmatter }) => {
    const hasParts = /^## /m.test(readFileSync(join(folder, filePath), "utf8"));
    return { frontmatter: { ...frontmatter, aside: hasParts } };
  },
  buildEnd: ({ outDir }) => checkAnchors(outDir),
  themeConfig: {
    nav: [
      { text: "Start", link: "/adapters" },
      { text: "Guide", link: "/guide" },
      { text: "Recipes", link: "/recipes" },
      { text: "Reference", link: "/reference" },
      { text: "Guarantees", link: "/guarantees" },
    ],
    sidebar: sidebar(folder),
    outline: [2, 3],
    search: { provider: "local" },
  },
};
