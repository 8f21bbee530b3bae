/**
 * A back-end of your own, in two methods. It stores each session in a JSON file, so visits survive a restart.
 *
 *     npx micropie examples/own-backend.ts
 */
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { App, SessionBackend, type SessionData } from "micropie";

export class JsonFilesBackend extends SessionBackend {
  readonly #folder: string;

  constructor(folder: string) {
    super();
    this.#folder = folder;
  }

  async load(id: string): Promise<SessionData> {
    const text = await readFile(join(this.#folder, `${id}.json`), "utf8").catch(ifMissing);
    if (text === undefined) return {};
    const { data, expiresAt } = JSON.parse(text) as { data: SessionData; expiresAt: number };
    return expiresAt > this.now() ? data : {};
  }

  async save(id: string, data: SessionData, timeout: number): Promise<void> {
    const file = join(this.#folder, `${id}.json`);
    if (timeout <= 0) return rm(file, { force: true });
    await mkdir(this.#folder, { recursive: true });
    // Written to another file and then renamed: a crash leaves the old file intact.
    await writeFile(`${file}.new`, JSON.stringify({ data, expiresAt: this.now() + timeout }));
    await rename(`${file}.new`, file);
  }
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}

class Visits extends App<{ visits: number }> {
  index(): string {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    return `You have visited ${session.visits} times.\n`;
  }
}
const app: Visits = new Visits({ sessionBackend: new JsonFilesBackend("sessions") });
export default app;
