import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { read } from "../_blocks.ts";
import { type Clone, openClone } from "../_clone.ts";
import { environment, root } from "../_command.ts";
import { PageProject } from "../_page-project.ts";
import { compiledBy59, installTypeScript } from "./_typescript-5.9.ts";

const COMPILERS: Readonly<Record<string, () => string | Promise<string>>> = {
  "TypeScript 5.9": () => compiledBy59(join(project.folder, "tsconfig.json")),
  "TypeScript 7": () => node(join(root, "node_modules/typescript/bin/tsc"), "-p", ".", "--pretty", "false"),
};

/** An application that imports the package, an adapter, a back-end and the suites, and declares its data. */
const APPLICATION = `import type { Request } from "express";
import { createSessions, info, login } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { moveSessions } from "micropie/legacy/move";
import { signedIn } from "micropie/testing";

export const sessions = createSessions<{ visits: number }>({ backend: new SqliteSessionBackend(":memory:") });
declare module "micropie" {
  interface Register {
    session: typeof sessions;
  }
}
export const handler = expressSessions(sessions);
export const move = moveSessions;
export function count({ session }: Request): void {
  session.visits = (session.visits ?? 0) + 1;
  login(session, "ann");
  const userId: string | undefined = info(session).userId;
  console.log(userId);
}
// @ts-expect-error: what is declared is a number
export const wrong = ({ session }: Request): void => void (session.visits = "1");
signedIn(sessions, "ann").then((cookie) => console.log(cookie.split("=", 1)[0]));
`;

/** The lines of the table on the page: settings, and what each compiler says of them. */
const rows = Array.from(
  read("docs/commonjs-jest-bundlers.md").matchAll(
    /^\| `(\w+)` \| (?:`(\w+)`|.*?) \| `(\w+)` \| (.*?) +\| (.*?) +\|$/gm,
  ),
  ([, module = "", resolution, type = "", five = "", seven = ""]) => ({
    module,
    resolution,
    type,
    said: { "TypeScript 5.9": five, "TypeScript 7": seven },
  }),
);

let clone: Clone;
let project: PageProject;
beforeAll(async () => {
  await installTypeScript();
  clone = openClone();
  project = new PageProject(join(clone.beside, "settings"), clone.sources);
  await project.run("npm install ../micropie/micropie-0.1.0.tgz express");
  await project.run("npm install --save-dev @types/express @types/node");
  project.write("app.ts", APPLICATION);
});
afterAll(() => clone.remove());

test("the table has the settings that are asked for", () => {
  expect(rows.map(({ module }) => module)).toEqual(
    expect.arrayContaining(["nodenext", "node20", "node16", "esnext", "preserve", "commonjs"]),
  );
});

describe.each(rows)(
  'module $module, moduleResolution $resolution, "type": "$type"',
  ({ module, resolution, type, said }) => {
    test.each(Object.entries(said))("%s: %s", async (compiler, expected) => {
      const out = `out-${module}-${resolution}-${type}-${compiler.replace(/\W/g, "-")}`;
      writeFileSync(join(project.folder, "package.json"), JSON.stringify({ type }));
      const settings = {
        module,
        moduleResolution: resolution,
        target: "es2023",
        types: ["node"],
        strict: true,
        // Every declaration of the package is checked, and none of the compiler's own.
        skipDefaultLibCheck: true,
        exactOptionalPropertyTypes: true,
        rootDir: ".",
        outDir: out,
      };
      project.write("tsconfig.json", JSON.stringify({ compilerOptions: settings, files: ["app.ts"] }));
      const output = await COMPILERS[compiler]!();
      if (expected !== "✓") {
        expect(output).toContain(/TS\d+/.exec(expected)![0]);
        return;
      }
      expect(output).toBe("");
      // What Node can run as it is written.
      const isBundled = resolution === "bundler" && module !== "commonjs";
      if (!isBundled && !(module === "commonjs" && type === "module")) {
        expect(await node(join(project.folder, out, "app.js"))).toBe("session_id\n");
      }
    });
  },
);

async function node(...args: string[]): Promise<string> {
  const options = { cwd: project.folder, env: environment() };
  return promisify(execFile)(process.execPath, args, options).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
  );
}
