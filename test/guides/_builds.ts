import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { environment } from "../_command.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Builds a test application with more files; `writes` are those of every process of the build. */
function build(framework: "next" | "sveltekit", command: readonly string[], files: Record<string, string>) {
  const example = here(`../../examples/${framework}`);
  const folder = join(example, ".suite-build");
  rmSync(folder, { recursive: true, force: true });
  cpSync(here(`${framework}-site`), folder, { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const log = join(folder, "writes.txt");
  writeFileSync(log, "");
  const preload = ["../_from-source.ts", "_building.ts"].map(
    (path) => `--import=${pathToFileURL(here(path))}`,
  );
  const [program, ...args] = command;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(example, "node_modules", program!), ...args],
    {
      cwd: folder,
      env: environment({
        NODE_ENV: undefined,
        NODE_OPTIONS: preload.join(" "),
        NEXT_TELEMETRY_DISABLED: "1",
        MICROPIE_WRITES: log,
      }),
      encoding: "utf8",
    },
  );
  const writes = readFileSync(log, "utf8").trim().split(" ").map(Number);
  rmSync(folder, { recursive: true, force: true });
  return { failed: status !== 0, writes: writes.reduce((sum, each) => sum + each, 0), said: stdout + stderr };
}

/** What Next does with sessions while it builds. Needs the packages of the example. */
export function nextBuildCases(): void {
  const route = (answer: string): string => `import "../../parts.js";
export const dynamic = "force-static";
export const GET = (request) => globalThis.site.${answer}(request);
`;

  test("a static route handler that writes its session fails the build, and one that reads it finds it empty", () => {
    const answers = ["write", "act", "read"];
    const { failed, writes, said } = build(
      "next",
      ["next/dist/bin/next", "build"],
      Object.fromEntries(answers.map((answer) => [`app/static/${answer}/route.js`, route(answer)])),
    );
    expect([failed, writes]).toEqual([true, 0]);
    expect(said.match(/nobody has sent this request/g)?.length, said).toBeGreaterThanOrEqual(2);
    const named = answers.filter((answer) => said.includes(`/static/${answer}`));
    expect(named).toEqual(["write", "act"]);
  });
}

/** What SvelteKit does with sessions while it renders pages in advance. Needs the packages of the example. */
export function svelteKitBuildCases(): void {
  const page = (run: string): Record<string, string> => ({
    "src/routes/static/+server.js": `export const prerender = true;
export const GET = async ({ locals, fetch }) => {
  ${run}
  return new Response("static");
};
`,
    "src/routes/inner/+server.js": `export const prerender = true;
export const GET = ({ locals }) => {
  locals.session.visits = 1;
  return new Response("inner");
};
`,
  });
  const command = ["vite/bin/vite.js", "build"];

  test.each([
    ["itself", "locals.session.visits = 1;"],
    ["in a request of its own", 'await fetch("/inner", { headers: { cookie: "session_id=x" } });'],
  ])("one that writes its session %s fails the build", (_, run) => {
    const { failed, writes, said } = build("sveltekit", command, page(run));
    expect([failed, writes]).toEqual([true, 0]);
    expect(said).toContain("nobody has sent this request");
  });

  test("one that reads its session finds it empty", () => {
    const files = page("if (Object.keys(locals.session).length > 0) throw new Error();");
    delete files["src/routes/inner/+server.js"];
    const { failed, writes } = build("sveltekit", command, files);
    expect([failed, writes]).toEqual([false, 0]);
  });
}
