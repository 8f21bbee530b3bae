import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { Running } from "../_command.ts";
import { openPlace } from "./place.ts";
import { findPrograms, type Program } from "./programs.ts";
import { environmentIn } from "./run.ts";

const place = openPlace();
afterAll(() => place.remove());
const running: Running[] = [];
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop("SIGKILL");
});

const main = join(place.folder, "node_modules/micropie/dist/cli/main.js");

function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const server = new Running(command, args, place.folder, { ...environmentIn(place.folder), ...env });
  running.push(server);
  return server;
}

const micropie = ({ command, args }: Program, ...more: string[]): Running =>
  start(command, [...args, main, ...more]);

/** Two visits of one browser. */
async function visitTwice(url: string): Promise<string[]> {
  const first = await fetch(url);
  const [line = ""] = first.headers.getSetCookie();
  const second = await fetch(url, { headers: { cookie: line.split(";", 1)[0]! } });
  return [await first.text(), await second.text()];
}

const programs = (await findPrograms()).filter(({ missing }) => missing === undefined);

describe.each(programs)("on $name", (program) => {
  test("micropie serves an App until it is told to stop", async () => {
    const server = micropie(program, place.file("counter.ts"), "--port", "0");
    expect(await visitTwice(await server.address())).toEqual(["Visit 1", "Visit 2"]);
    expect(await server.stop()).toBe(0);
    expect(server.out).toContain("Stopped.");
  });

  test("micropie --watch starts it again when a file changes that it imports, and stops when it is told to", async () => {
    const folder = join(place.folder, `watched-${program.name.replaceAll(" ", "-")}`);
    mkdirSync(folder);
    // As editors save: another file takes the old one's place.
    const write = (name: string, text: string) => {
      writeFileSync(join(folder, `${name}~`), text);
      renameSync(join(folder, `${name}~`), join(folder, name));
    };
    write("message.ts", 'export const message: string = "before";\n');
    write(
      "app.ts",
      'import { message } from "./message.ts";\nexport default { fetch: () => new Response(message) };\n',
    );
    const server = micropie(program, join(folder, "app.ts"), "--port", "0", "--watch");
    const address = await server.address();
    expect(await (await fetch(address)).text()).toBe("before");
    const seen = server.all.length;
    write("message.ts", 'export const message: string = "after";\n');
    const [, again] = await server.printed(/listening on (http:\/\/\S+)/, seen);
    expect(await (await fetch(again!)).text()).toBe("after");
    expect(await server.stop()).toBe(0);
  });

  test("app.serve listens until a signal, and shuts the App down", async () => {
    const server = start(program.command, [...program.args, place.file("serve.ts")]);
    expect(await visitTwice(await server.address())).toEqual(["Visit 1", "Visit 2"]);
    expect(await server.stop()).toBe("SIGTERM");
    expect(server.out).toContain("Shut down.");
  });
});

const SERVE: Readonly<Record<string, readonly string[]>> = {
  bun: ["--port=0"],
  deno: ["serve", "--host=localhost", "--port=0"],
};

describe.each(programs.filter(({ runtime }) => runtime in SERVE))("on $name", ({ command, runtime }) => {
  test("the runtime's own command serves what a file exports, with no permission asked for", async () => {
    const server = start(command, [...SERVE[runtime]!, place.file("counter.ts")]);
    const [url] = await server.printed(/http:\/\/(localhost|127\.0\.0\.1):\d+/);
    expect(await visitTwice(url)).toEqual(["Visit 1", "Visit 2"]);
  });
});

describe.each(programs.filter(({ runtime }) => runtime === "bun"))("on $name", ({ command }) => {
  test("app.serve lets a stream be silent for longer than Bun's own ten seconds", async () => {
    const server = start(command, [place.file("serve.ts")]);
    const response = await fetch(new URL("silent/11", await server.address()));
    expect(await response.text()).toBe("before, after");
  });
});
