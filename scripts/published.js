// Makes both packages ready for a reader on npm: node scripts/published.js https://host/owner/name v1.2.3, in the workflow that
// publishes. Links of a README to files of the repository get the address of those files in the tag; package.json names
// the repository. It changes files, and is not for a working copy.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [repository, tag] = process.argv.slice(2);
if (!/^https:\/\/[^/]+\/[^/]+\/[^/]+$/.test(repository ?? "") || tag === undefined) {
  console.error("Usage: node scripts/published.js https://host/owner/name v1.2.3");
  process.exit(2);
}

for (const folder of [".", "create"]) {
  const path = join(folder, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8"));
  if (tag !== `v${manifest.version}`) {
    console.error(`${path} has the version ${manifest.version}, and the tag is ${tag}.`);
    process.exit(1);
  }
  const directory = folder === "." ? {} : { directory: folder };
  manifest.repository = { type: "git", url: `git+${repository}.git`, ...directory };
  manifest.homepage = `${repository}/tree/${tag}#readme`;
  manifest.bugs = { url: `${repository}/issues` };
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);

  const readme = join(folder, "README.md");
  const base = `${repository}/blob/${tag}/${folder === "." ? "" : `${folder}/`}`;
  const text = readFileSync(readme, "utf8");
  writeFileSync(
    readme,
    text.replace(/\]\((?!https?:|#)([^)\s]+)\)/g, (_, target) => `](${new URL(target, base)})`),
  );
}
