import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

test("importing micropie loads no server, no WebSockets and no multipart parser", () => {
  const script = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ resolve: (name, context, next) => { const found = next(name, context); loaded.push(found.url); return found; } });
    const { App } = await import("./src/index.ts");
    new App();
    console.log(JSON.stringify(loaded));
  `;
  const loaded: string[] = JSON.parse(
    execFileSync(process.execPath, ["--no-warnings", "--input-type=module", "-e", script], {
      encoding: "utf8",
    }),
  );
  expect(loaded.some((url) => url.endsWith("/app/app.ts"))).toBe(true);
  expect(
    loaded.filter((url) => /srvx|busboy|multipart\.ts|node:http$|\/ws\/|socket-(?:node|room)\.ts/.test(url)),
  ).toEqual([]);
});
