import { execFile } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { blocksOf, commandsOf, root } from "./_blocks.ts";
import { files } from "./_claims.ts";
import { type Clone, openClone } from "./_clone.ts";
import { environment, Running } from "./_command.ts";
import { FIRST_PARTS } from "./_first-parts.ts";
import { PageProject } from "./_page-project.ts";
import { freePort } from "./_port.ts";
import { until } from "./_until.ts";
import { onServer } from "./servers/on-server.ts";

/** Commands that another test runs. */
const RUN_BY: Readonly<Record<string, string>> = {
  "npm pack": "test/first-parts.test.ts",
  "npm run reference": "test/reference.test.ts",
  "npm run trace": "test/trace.test.ts",
  "npm run size": "test/size.test.ts",
  "npm run compare": "test/compare.test.ts",
  "npm run site": "test/site.test.ts",
  "npm run servers": "test/servers/run.test.ts",
  "npm run model -- --quick": "test/spec/model.test.ts",
  "npx micropie sessions list --store redis://localhost:6379": "test/processes/cli-sessions.test.ts",
  "npx micropie sessions revoke --store redis://localhost:6379 --where data.role=admin":
    "test/processes/cli-sessions.test.ts",
  'npx micropie sessions move --store $LIVE --to $TEST --copy --redact token,email --pseudonyms "$SECRET"':
    "test/cli-copy.test.ts",
  "npx micropie admin --store redis://localhost": "test/cli-admin.test.ts",
};

/** Pages whose commands another test runs, one after the other. */
const FOLLOWED: Readonly<Record<string, string>> = { "docs/start.md": "test/create/projects.test.ts" };

/** Commands that cannot run in a test, each with the reason. */
const NOT_HERE: Readonly<Record<string, string>> = {
  'npm run compare -- --only koa-session,astro-session --probe "first byte" --json':
    "It installs Astro, Nuxt and AdonisJS.",
  "npm run compare -- --only koa-session --write": "It installs them too, and writes into the docs.",
  "npm ci": "It takes away the packages of the tests that run.",
  "npm test": "It runs tests within a test.",
  "npm run test:all": "It runs this test within itself.",
  "npm run check": "It runs tests within a test.",
  "npm run format": "It changes the files of whoever runs the tests.",
  "npm run mutate": "It breaks the source under the other tests, for hours.",
  "npm run model": "It looks at millions of states for minutes.",
  "npm run model -- --long": "It looks at tens of millions of states.",
  "npm run model -- --only C5": "It compiles and looks for minutes.",
  "npm run simulate -- --worlds 10000 --seed 1": "It plays for minutes; test/simulation plays 2,000 worlds.",
  "npm run simulate -- --worlds 1000000 --workers 2 --resume million.json": "It plays for an hour.",
  "npm run simulate -- --plants": "It plays for minutes.",
  "npm run soak": "It kills processes for minutes; test/processes and test/faults do what it does, once.",
  "npx micropie doctor https://shop.example --path /login --method POST --data 'user=ann&password=…'":
    "There is no such host; test/cli-doctor.test.ts has each of its options.",
  "npx micropie doctor https://api.shop.example --from https://other.example": "There is no such host.",
};

const SERVES = /^(?:npm start|(?:\w+=\S+ )?node \S+\.ts|npx micropie \S+\.ts.*)$/;

/** The shell blocks of each page, without the first parts, which have a test of their own. */
const blocks = files("{*.md,docs/**/*.md,examples/**/*.md}").flatMap((page) => {
  const all = blocksOf(page).filter(({ language }) => language === "sh");
  if (page in FOLLOWED) return [];
  const isFirstPart = Object.values(FIRST_PARTS).some((first) => first.page === page);
  return all.slice(isFirstPart ? 2 : 0).map(({ line, code }) => ({
    page,
    line,
    commands: commandsOf(code).flatMap((each) => each.split(" && ")),
  }));
});

let clone: Clone;
let project: PageProject;
beforeAll(async () => {
  clone = openClone();
  project = new PageProject(join(clone.beside, "shop"), clone.sources);
  await project.run("npm init -y");
  project.write("app.ts", blocksOf("docs/guide.md").find(({ language }) => language === "ts")!.code);
});
afterAll(() => clone.remove());

test("no command is said to be run elsewhere, or not at all, that no page has", () => {
  const all = blocks.flatMap(({ commands }) => commands);
  expect(
    [...Object.keys(RUN_BY), ...Object.keys(NOT_HERE)].filter((command) => !all.includes(command)),
  ).toEqual([]);
  expect(
    [...Object.values(RUN_BY), ...Object.values(FOLLOWED)].filter((path) => !existsSync(join(root, path))),
  ).toEqual([]);
});

await onServer("redis", ({ url: REDIS_URL }) => {
  describe.each(blocks)("the commands of $page:$line", ({ page, commands }) => {
    const here = commands.filter((command) => !(command in RUN_BY) && !(command in NOT_HERE));

    test.skipIf(here.length === 0)("run", async () => {
      const isGuide = page === "docs/guide.md" || page === "docs/troubleshooting.md";
      let cwd = isGuide ? project.folder : join(root, dirname(page) === "docs" ? "." : dirname(page));
      const PORT = String(await freePort());
      const places = [join(cwd, "node_modules/.bin"), dirname(process.execPath), process.env.PATH];
      const variables = { PORT, REDIS_URL, PATH: places.join(delimiter), VITEST: undefined };
      let server: Running | undefined;
      const serve = async (command: string) => {
        await server?.stop();
        const direct = command.replace(/^npx /, "").replace(/^(\w+=\S+ )?/, "env $1");
        server = new Running("sh", ["-c", `exec ${direct}`], cwd, variables);
        const answers = until(async () => void (await (await fetch(`http://localhost:${PORT}`)).text()));
        await Promise.race([answers, server.ended]);
      };
      try {
        // The doctor needs a server to look at.
        if (page === "docs/troubleshooting.md") {
          await project.run("npm install ../micropie/micropie-0.1.0.tgz");
          await serve("npx micropie app.ts");
        }
        for (const said of here) {
          const command = said.replace(/localhost:\d+/, `localhost:${PORT}`);
          if (command.startsWith("cd ")) cwd = join(root, command.slice("cd ".length));
          else if (isGuide && command.startsWith("npm install")) await project.run(command);
          else if (SERVES.test(command)) await serve(command);
          else await promisify(execFile)("sh", ["-c", command], { cwd, env: environment(variables) });
        }
      } finally {
        await server?.stop();
        rmSync(join(cwd, "jar"), { force: true }); // of curl
      }
    });
  });
});
