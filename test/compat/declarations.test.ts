import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureDist, root } from "../_command.ts";
import { install } from "../_install.ts";

const folder = new URL("../typescripts/", import.meta.url);
const compiler = (version: string): string =>
  fileURLToPath(new URL(`node_modules/ts${version}/bin/tsc`, folder));

const APP = `
import session from "micropie/compat/drop-in";
import { MemoryStore, type SessionOptions, Store } from "micropie/compat/drop-in";
class Own extends Store { get() {} set() {} destroy() {} }
const options: SessionOptions = { secret: "cat", storeTimeout: 3, headers: false, store: new Own() };
const same: session.SessionOptions = options;
session({ ...same, store: new MemoryStore({ max: 3 }) });
// @ts-expect-error
session({ secret: "cat", headers: "no" });
`;

let app: string;

beforeAll(async () => {
  await install(folder, () => existsSync(compiler("5.9")));
  ensureDist();
  app = mkdtempSync(join(tmpdir(), "micropie-declarations-"));
  mkdirSync(join(app, "node_modules", "micropie"), { recursive: true });
  cpSync(join(root, "dist"), join(app, "node_modules", "micropie", "dist"), { recursive: true });
  cpSync(join(root, "package.json"), join(app, "node_modules", "micropie", "package.json"));
  symlinkSync(join(root, "node_modules", "@types"), join(app, "node_modules", "@types"));
  writeFileSync(join(app, "app.ts"), APP);
  writeFileSync(join(app, "app.mts"), APP);
});

afterAll(() => rmSync(app, { recursive: true, force: true }));

for (const version of ["4.9", "5.5"]) {
  for (const [module, resolution, file] of [
    ["commonjs", "node", "app.ts"],
    ["node16", "node16", "app.ts"],
    ["node16", "node16", "app.mts"],
  ] as const) {
    test(`the types of the drop-in load in TypeScript ${version}, module ${module}, ${file}`, async () => {
      const options =
        "--noEmit --strict --esModuleInterop --skipLibCheck --target es2022 --types express-session";
      const args = [
        compiler(version),
        ...options.split(" "),
        "--module",
        module,
        "--moduleResolution",
        resolution,
      ];
      const run = promisify(execFile)(process.execPath, [...args, file], { cwd: app });
      await expect(run).resolves.toMatchObject({ stdout: "" });
    });
  }
}
