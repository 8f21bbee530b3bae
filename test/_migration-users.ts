import { expect } from "vitest";
import type { Answer, Fleet, Server } from "./_migration-fleet.ts";

/** A user with a browser, who knows what the application has to know. */
export class User {
  readonly name: string;
  readonly #fleet: Fleet;
  #jar = new Map<string, string>();
  /** Who is signed in, and how often was counted. */
  signedIn = false;
  count = 0;
  /** Cookies of sessions that have ended. */
  readonly ended: string[] = [];

  constructor(name: string, fleet: Fleet) {
    this.name = name;
    this.#fleet = fleet;
  }

  get cookie(): string {
    return [...this.#jar].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  async look(server: Server = this.#fleet.pick()): Promise<void> {
    const { name, count, signedIn } = this;
    expect(await this.#ask("GET", "/", server)).toEqual({ user: signedIn ? name : null, count });
  }

  /** Asks several servers at once, as a browser does that loads a page. */
  async lookAtOnce(): Promise<void> {
    await Promise.all([this.look(), this.look(), this.look()]);
  }

  async increment(): Promise<void> {
    this.count++;
    const { name, count } = this;
    expect(await this.#ask("POST", "/count")).toMatchObject({
      count,
      ...(this.signedIn && { user: name }),
    });
  }

  async login(): Promise<void> {
    if (this.cookie !== "") this.ended.push(this.cookie);
    expect(await this.#ask("POST", `/login/${this.name}`)).toEqual({ user: this.name });
    this.signedIn = true;
    this.count = 0;
  }

  async logout(): Promise<void> {
    this.ended.push(this.cookie);
    expect(await this.#ask("POST", "/logout")).toEqual({ user: null });
    this.signedIn = false;
    this.count = 0;
  }

  /** Something that a user does. */
  async act(): Promise<void> {
    const chance = Math.random();
    if (!this.signedIn) return this.login();
    if (chance < 0.5) return this.increment();
    if (chance < 0.75) return this.look();
    if (chance < 0.94) return this.lookAtOnce();
    return chance < 0.97 ? this.logout() : this.login();
  }

  async #ask(method: string, path: string, server: Server = this.#fleet.pick()): Promise<unknown> {
    const answer = await server.ask(method, path, this.cookie);
    this.#take(answer);
    expect(answer.status, answer.body).toBe(200);
    return JSON.parse(answer.body);
  }

  #take({ cookies }: Answer): void {
    for (const line of cookies) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      if (/; Max-Age=0/i.test(line)) this.#jar.delete(name!);
      else this.#jar.set(name!, value!);
    }
  }
}

/** All users go on acting, a few at a time, and each does one thing after the other. */
export class Traffic {
  readonly #users: readonly User[];
  readonly #workers: number;
  #running: Promise<unknown> | undefined;
  #stopped = true;
  #failure: unknown;
  done = 0;

  constructor(users: readonly User[], workers: number) {
    this.#users = users;
    this.#workers = workers;
  }

  start(): void {
    this.#stopped = false;
    const work = async (worker: number): Promise<void> => {
      const mine = this.#users.filter((_, index) => index % this.#workers === worker);
      while (!this.#stopped) {
        await mine[Math.floor(Math.random() * mine.length)]!.act();
        this.done++;
        // Else they would take the machine from the servers that start.
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    };
    this.#running = Promise.all(Array.from({ length: this.#workers }, (_, worker) => work(worker))).catch(
      (error: unknown) => {
        this.#failure = error;
      },
    );
  }

  /** Waits until so many more things were done. Throws what went wrong. */
  async more(count: number): Promise<void> {
    if (this.#stopped) throw new Error("There is no traffic.");
    const until = this.done + count;
    while (this.done < until && this.#failure === undefined)
      await new Promise((resolve) => setTimeout(resolve, 20));
    if (this.#failure !== undefined) throw this.#failure;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** Does it for all, a few at a time. */
export async function forAll<T>(all: readonly T[], work: (each: T) => Promise<unknown>): Promise<void> {
  const left = [...all];
  const worker = async (): Promise<void> => {
    for (let each = left.pop(); each !== undefined; each = left.pop()) await work(each);
  };
  await Promise.all(Array.from({ length: 40 }, worker));
}
