import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteSessionBackend } from "micropie/backends/sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ensureDist, main, root } from "../_command.ts";
import { type Begun, begin, micropie, type Ran } from "../_operated.ts";
import { endTerminals, hasTerminal, KEYS, Terminal } from "../_terminal.ts";
import { canInstallDebian, installDebian } from "../servers/install.ts";
import { onServer } from "../servers/on-server.ts";
import { openStore, type StoreSpec } from "./stores.ts";

/** The user's project, with the clients that it has. */
const folder = mkdtempSync(join(tmpdir(), "micropie-cli-sessions-"));
/** Another one, without any. */
const bare = mkdtempSync(join(tmpdir(), "micropie-cli-bare-"));

beforeAll(async () => {
  ensureDist();
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const backend = new SqliteSessionBackend(join(folder, "sessions.sqlite"));
  await begin(backend, people(4));
  await backend.close();
});
afterEach(endTerminals);
afterAll(() => {
  for (const path of [folder, bare]) rmSync(path, { recursive: true, force: true });
});

/** Every other one is an admin; each fourth has not signed in. */
function* people(count: number): Generator<Begun> {
  for (let index = 0; index < count; index++) {
    const data = { role: index % 2 === 0 ? "user" : "admin", token: "t0p" };
    yield index % 4 === 3 ? { data } : { user: `user-${index}`, agent: "curl/8.0", data };
  }
}

const run = (args: string, env?: NodeJS.ProcessEnv, cwd = folder): Promise<Ran> =>
  micropie(cwd, ["sessions", ...args.split(" ")], { MICROPIE_STORE: "file:sessions.sqlite", ...env });

describe("micropie sessions", () => {
  test("takes a module that exports sessions", async () => {
    const src = new URL("../../dist/", import.meta.url).href;
    writeFileSync(
      join(folder, "sessions.config.mjs"),
      `import { createSessions } from "${src}index.js";
       import { SqliteSessionBackend } from "${src}backends/sqlite.js";
       export const sessions = createSessions({ backend: new SqliteSessionBackend("sessions.sqlite") });`,
    );
    writeFileSync(join(folder, "other.mjs"), "export const session = 1;");
    const [right, wrong, both] = await Promise.all(
      ["sessions.config.mjs", "other.mjs", "other.mjs --realm x"].map((text) =>
        run(`count --config ${text}`, { MICROPIE_STORE: "" }),
      ),
    );
    expect(right).toMatchObject({ code: 0, out: "4 sessions, 3 of them signed in\n" });
    expect(wrong!.err).toContain("other.mjs has no export sessions; it exports session.");
    expect(both!.err).toContain("--realm goes with --store");
  });

  test("says in one line what is wrong with the arguments or the store", async () => {
    const copy = join(folder, "text.sqlite");
    writeFileSync(copy, "this is no database");
    const wrong: [command: string, code: number, says: RegExp][] = [
      ["lst", 2, /no subcommand "lst"\. Did you mean list\?/],
      ["list --limt 3", 2, /Unknown option '--limt'\. Did you mean --limit\?/],
      ["list --limit many", 2, /--limit must be a whole number/],
      ["list --where idle=3", 2, /idle takes < > <= >=/],
      ["list --where usr=ann", 2, /no condition\. Did you mean user\?/],
      ["show", 2, /show: missing HANDLE/],
      ["revoke", 2, /revoke needs a handle, or --where CONDITION/],
      ["list --store redsi://localhost", 2, /did you mean redis:\/\/\?/],
      [
        "list --store file:sessions.sqlite --prefix x",
        2,
        /--prefix is for Redis and memcached; SQLite has --table/,
      ],
      ["list --store file:none.sqlite", 1, /there is no file none\.sqlite\. Correct --store\./],
      ["list --store file:text.sqlite", 1, /text\.sqlite cannot be read as an SQLite database/],
      [
        "list --table other",
        1,
        /has no table other; it has sessions\. Say which one has the sessions: --table\./,
      ],
      ["list --cursor other", 1, /This is no cursor of this store\./],
      [
        "list --store redis://:hunter2@127.0.0.1:1",
        1,
        /needs a client, and there is none.*npm install redis|does not answer/,
      ],
    ];
    const ran = await Promise.all(wrong.map(([command]) => run(command)));
    for (const [index, { code, out, err }] of ran.entries()) {
      const [command, wanted, says] = wrong[index]!;
      expect({ command, code, out }).toEqual({ command, code: wanted, out: "" });
      expect(err).toMatch(says);
      expect(err.trimEnd().split("\n").length, err).toBeLessThanOrEqual(2);
      expect(err).not.toMatch(/hunter2|^\s+at /m);
    }
    expect(readFileSync(copy, "utf8")).toBe("this is no database");
  });
});

/** What the command does on a store that can list, with half of 40 sessions those of admins. */
function onStore(name: string, spec: StoreSpec, url: string, names: string): void {
  test(`lists, counts, shows and ends sessions on ${name}`, async () => {
    const store = await openStore(spec);
    try {
      const { handles, secrets } = await begin(store.backend, people(40));
      const at = `--store ${url} ${names}`;
      const listed = await run(`list --all --json ${at}`);
      const lines = listed.out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as { handle: string });
      expect(new Set(lines.map(({ handle }) => handle))).toEqual(new Set(handles));
      expect(await run(`count --where data.role=admin ${at}`)).toMatchObject({
        code: 0,
        out: "20 sessions\n",
      });
      expect((await run(`show ${handles[0]} ${at}`)).out).toContain(handles[0]);
      expect(await run(`revoke-user user-0 --yes ${at}`)).toMatchObject({
        code: 0,
        out: "Ended 1 session.\n",
      });
      const ended = await run(`revoke --where data.role=admin --yes ${at}`);
      expect(ended).toMatchObject({ code: 0, out: "Ended 20 sessions.\n" });
      expect(await run(`count --where data.role!=none ${at}`)).toMatchObject({ out: "19 sessions\n" });
      expect((await run(`prune ${at}`)).out).toBe("Deleted 0 expired records.\n");
      for (const secret of [...secrets, "t0p"])
        expect(listed.out + listed.err + ended.err).not.toContain(secret);
    } finally {
      await store.backend.close();
      await store.close();
    }
  });
}

await onServer("redis", ({ url }) => {
  const prefix = "cli-sessions:";
  onStore("Redis", { kind: "redis", url, prefix }, url, `--prefix ${prefix}`);

  test("names a client that is missing, with its install command", async () => {
    const { code, err } = await run(`list --store ${url}`, {}, bare);
    expect(code).toBe(1);
    expect(err).toMatch(
      /^micropie: Redis needs a client, and there is none in .*\. Install one: npm install redis\n$/,
    );
  });

  test("explains an end by the events that the application keeps", async () => {
    const { createClient } = await import("redis");
    const { RedisSessionBackend } = await import("micropie/backends/redis");
    const { createSessions, info, login } = await import("micropie");
    const { eventStore, recordEvents } = await import("micropie/recorder");
    const client = createClient({ url });
    await client.connect();
    try {
      const sessions = createSessions({
        backend: new RedisSessionBackend(client, { prefix: "cli-explain:" }),
      });
      const store = eventStore(new RedisSessionBackend(client, { prefix: "cli-events:" }));
      using recorder = recordEvents(sessions, { store });
      const session = await sessions.load();
      login(session, "ann");
      await sessions.commit(session);
      const { handle } = info(session);
      await sessions.revoke({ userId: "ann" });
      await recorder.flush();
      const at = `--store ${url} --prefix cli-explain:`;
      const told = await run(`explain ${handle} ${at} --events ${url}?prefix=cli-events:`);
      expect(told.code, told.err).toBe(0);
      expect(told.out).toContain("It ended because all sessions of user ann were revoked.");
      const alone = await run(`explain ${handle} ${at}`);
      expect(alone).toMatchObject({ code: 3 });
      expect(alone.err).toContain("--events URL");
    } finally {
      client.destroy();
    }
  });

  test.skipIf(!hasTerminal)(
    "Ctrl-C stops revoke --where over 20,000 sessions, which says what it has ended; the same command goes on",
    async () => {
      const store = await openStore({ kind: "redis", url, prefix: "cli-many:" });
      try {
        await begin(store.backend, people(20_000));
        const command = [
          "sessions",
          "revoke",
          "--store",
          url,
          "--prefix",
          "cli-many:",
          "--where",
          "data.role=admin",
        ];
        const place = { cwd: folder, columns: 80 };
        const first = new Terminal([process.execPath, main, ...command], place);
        await first.shows("This ends 10,000 sessions (exact, as of now).");
        await first.shows("[y/N]");
        first.press(`y${KEYS.enter}`);
        await first.shows(/Ending .*% \| [\d,]+ of 10,000 \| [\d,]+ a second \| \d+ (s|min) left/);
        first.press(KEYS.interrupt);
        const { code, screen } = await first.end();
        expect(code).toBe(130);
        const ended = Number(/Ended ([\d,]+) of 10,000 sessions\./.exec(screen)?.[1]?.replace(",", ""));
        expect(ended).toBeGreaterThan(0);
        expect(ended).toBeLessThan(10_000);
        expect(await run(`count --where data.role=admin --store ${url} --prefix cli-many:`)).toMatchObject({
          out: `${(10_000 - ended).toLocaleString("en-US")} sessions\n`,
        });
        const second = await run(`revoke --where data.role=admin --yes --store ${url} --prefix cli-many:`);
        expect(second).toMatchObject({
          code: 0,
          out: `Ended ${(10_000 - ended).toLocaleString("en-US")} sessions.\n`,
        });
        const left = await run(`count --where data.role=user --store ${url} --prefix cli-many:`);
        expect(left).toMatchObject({ out: "10,000 sessions\n" });
      } finally {
        await store.backend.close();
        await store.close();
      }
    },
    300_000,
  );
});

await onServer("redis-cluster", ({ nodes }) => {
  const prefix = "cli-sessions:";
  const url = `redis-cluster://${nodes.map(({ host, port }) => `${host}:${port}`).join(",")}`;
  onStore("a Redis Cluster", { kind: "redis-cluster", nodes, prefix }, url, `--prefix ${prefix}`);
});

await onServer("postgres", ({ url }) => {
  onStore("PostgreSQL", { kind: "postgres", url, table: "cli_sessions" }, url, "--table cli_sessions");

  test("a wrong password or table is one line without the password, and creates nothing", async () => {
    const [password, table] = await Promise.all([
      run(`list --store ${url.replace(/:[^:@]+@/, ":hunter2@")}`),
      run(`list --store ${url} --table not_there`),
    ]);
    expect(password.err).toMatch(/^micropie: postgres:\/\/[^@]+: password authentication failed.*\n$/);
    expect(table.err).toMatch(
      /the table "not_there" is missing\. Say which one has the sessions: --table\.\n$/,
    );
    expect(await run(`list --store ${url} --table not_there`)).toMatchObject({ code: 1, out: "" });
  });
});

await onServer("mariadb", ({ url }) => {
  onStore("MariaDB", { kind: "mysql", url, table: "cli_sessions" }, url, "--table cli_sessions");
});

await onServer("memcached", ({ host, port }) => {
  test("says of memcached that it cannot list, and ends the sessions of a user there", async () => {
    const prefix = "cli-sessions:";
    const store = await openStore({ kind: "memcached", host, port, prefix });
    const at = `--store memcached://${host}:${port} --prefix ${prefix}`;
    try {
      await begin(store.backend, people(3));
      const listed = await run(`list ${at}`);
      expect(listed).toMatchObject({ code: 1, out: "" });
      expect(listed.err).toMatch(
        /this store cannot list or count all of its sessions\. Name a user: --where user=ID/,
      );
      expect((await run(`list --where user=user-1 --json ${at}`)).out).toContain("user-1");
      expect(await run(`revoke-user user-1 --yes ${at}`)).toMatchObject({ out: "Ended 1 session.\n" });
    } finally {
      await store.backend.close();
      await store.close();
    }
  });
});

describe.skipIf(!hasTerminal)("in a terminal", () => {
  const start = (...args: string[]): Terminal =>
    new Terminal([process.execPath, main, "sessions", ...args], {
      cwd: folder,
      columns: 80,
      env: { MICROPIE_STORE: "file:sessions.sqlite" },
    });

  test("an answer other than yes, and Ctrl-C at the question, end nothing", async () => {
    const before = (await run("count")).out;
    const no = start("revoke", "--where", "signed-in");
    await no.shows("[y/N]");
    no.press(`no${KEYS.enter}`);
    expect((await no.end()).code).toBe(4);
    const interrupted = start("revoke", "--where", "signed-in");
    await interrupted.shows("[y/N]");
    interrupted.press(KEYS.interrupt);
    expect((await interrupted.end()).code).toBe(130);
    expect((await run("count")).out).toBe(before);
  });

  test("stats --watch counts again and again, until Ctrl-C", async () => {
    const watch = start("stats", "--watch", "--every", "0.2s");
    for (let time = 0; time < 3; time++)
      await watch.shows(/\d sessions, \d signed in.*the store took \d+ ms/);
    watch.press(KEYS.interrupt);
    expect((await watch.end()).code).toBe(0);
  });
});

/** A shell of these tests, how it completes a line, and the Debian package that has it. */
const SHELLS = {
  bash: (script: string, words: readonly string[]) => `
    source ${script}
    COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}
    compopt() { :; }
    _micropie; printf '%s\\n' "\${COMPREPLY[@]}"`,
  fish: (script: string, words: readonly string[]) => `source ${script}; complete -C '${words.join(" ")}'`,
} as const;

describe("completion", () => {
  const offers: [line: string, some: readonly string[], not?: string][] = [
    ["micropie se", ["sessions"], "doctor"],
    ["micropie completion ", ["bash", "zsh", "fish"]],
    ["micropie sessions re", ["revoke", "revoke-user"], "list"],
    ["micropie sessions list --", ["--store", "--where", "--limit", "--json"], "--yes"],
    ["micropie sessions revoke --y", ["--yes"]],
    ["micropie sessions revoke --where d", ["device~", "data."], "user="],
    ["micropie sessions list --config sessions.c", ["sessions.config.mjs"]],
  ];

  for (const shell of ["bash", "fish"] as const) {
    test(`offers subcommands, options and conditions in ${shell}`, async ({ skip }) => {
      if (!(await hasShell(shell))) skip(`There is no ${shell} here.`);
      const script = await written(shell);
      for (const [line, some, not] of offers) {
        const { stdout, stderr } = spawnSync(shell, ["-c", SHELLS[shell](script, line.split(" "))], {
          cwd: folder,
          encoding: "utf8",
        });
        const words = stdout.split("\n").map((each) => each.split("\t")[0]!.trim());
        expect(words, `${line}: ${stderr}`).toEqual(expect.arrayContaining([...some]));
        if (not !== undefined) expect(words).not.toContain(not);
      }
    });
  }

  test.skipIf(!hasTerminal)(
    "offers subcommands, options and conditions in zsh",
    async ({ skip }) => {
      if (!(await hasShell("zsh"))) skip("There is no zsh here.");
      const script = await written("zsh");
      const zsh = new Terminal(["zsh", "-f", "-i"], { cwd: folder, env: { TERM: "dumb" } });
      await zsh.shows(/[%#] $/);
      zsh.press(
        `PROMPT='READY> '; autoload -Uz compinit; compinit -u -D; source ${script}; echo LOADED=$?${KEYS.enter}`,
      );
      await zsh.shows("LOADED=0");
      await zsh.shows("READY> ");
      zsh.press(`micropie() { print -r "RAN=$*" }${KEYS.enter}`);
      const { tab, enter } = KEYS;
      zsh.press(`micropie comp${tab}ba${tab}${enter}`);
      await zsh.shows("RAN=completion bash");
      zsh.press(`micropie sessions revoke-u${tab}--dry${tab}${enter}`);
      await zsh.shows("RAN=sessions revoke-user --dry-run");
      zsh.press(`micropie sessions list --wh${tab}sig${tab}${enter}`);
      await zsh.shows("RAN=sessions list --where signed-in");
      zsh.press(`exit${KEYS.enter}`);
      await zsh.end();
    },
    60_000,
  );

  async function hasShell(shell: string): Promise<boolean> {
    const isHere = (): boolean => spawnSync(shell, ["-c", "exit 0"]).status === 0;
    if (!isHere() && canInstallDebian()) await installDebian(shell);
    return isHere();
  }

  async function written(shell: string): Promise<string> {
    const { code, out } = await micropie(folder, ["completion", shell]);
    expect(code).toBe(0);
    const path = join(folder, `completion.${shell}`);
    writeFileSync(path, out);
    writeFileSync(join(folder, "sessions.config.mjs"), "");
    return path;
  }
});
