import { Buffer } from "node:buffer";
import type { Chance } from "./chance.ts";
import { type Client, carriedBy, LEGACY_COOKIE } from "./client.ts";
import type { History, Visited } from "./history.ts";
import type { Journal } from "./journal.ts";
import type { Step, Visit } from "./plan.ts";
import type { Schedule } from "./schedule.ts";
import type { Server } from "./server.ts";

interface Between {
  readonly schedule: Schedule;
  readonly journal: Journal;
  readonly history: History;
  readonly chance: Chance;
  readonly servers: readonly Server[];
  readonly clients: readonly Client[];
}

/** What goes between the clients and the servers: requests, some of them twice, and answers, not all of which arrive. */
export class Requests {
  readonly #between: Between;

  constructor(between: Between) {
    this.#between = between;
  }

  /** Sends a request. Resolves when it was answered, or its server has crashed. */
  async send(plan: Visit): Promise<void> {
    const { clients, chance } = this.#between;
    const client = clients[plan.client]!;
    const brought = carriedBy(client, plan.carries, clients, () => invented(chance));
    const once = this.#deliver(plan, client, brought.token, brought.legacy);
    const twice = plan.twice ? this.#deliver(plan, client, brought.token, brought.legacy) : undefined;
    await once;
    await twice;
  }

  async #deliver(plan: Visit, client: Client, token: string | undefined, legacy: boolean): Promise<void> {
    const { chance, history } = this.#between;
    await this.#sleep(chance.next() * 0.004);
    const visited = await this.ask(plan, token, legacy ? String(client.index) : undefined);
    // In a world with faults, some answers do not reach their client.
    const isLost = history.plan.weather.unanswered > 0 && chance.maybe(0.05);
    await this.#sleep(chance.next() * 0.004);
    if (visited.answered !== undefined && !isLost) client.receive(visited.lines);
  }

  /** Lets a server answer a request, and notes all of it. */
  async ask(plan: Visit, token: string | undefined, legacy?: string): Promise<Visited> {
    const { schedule, journal, history, servers } = this.#between;
    const visited: Visited = {
      id: history.visits.length + 1,
      plan,
      server: plan.server,
      sent: token,
      broughtLegacy: legacy !== undefined,
      begun: schedule.now,
      deeds: [],
      lines: [],
      crashed: false,
    };
    history.visits.push(visited);
    const cookies: string[] = [];
    if (token !== undefined) cookies.push(`session_id=${token}`);
    if (legacy !== undefined) cookies.push(`${LEGACY_COOKIE}=${legacy}`);
    journal.say(
      `request ${visited.id} comes to server ${plan.server} with ${journal.token(token)}${legacy === undefined ? "" : ` and the old cookie ${legacy}`}: ${plan.exclusive ? "exclusive, " : ""}${wordsOf(plan.steps)}`,
    );
    await servers[plan.server]!.answer(visited, cookies.length === 0 ? undefined : cookies.join("; "));
    const given = givenIn(visited.lines);
    if (given !== undefined) visited.given = given;
    journal.say(this.#outcome(visited));
    return visited;
  }

  #outcome({ id, crashed, status, seen, lines, given, deeds }: Visited): string {
    const { journal } = this.#between;
    if (crashed) return `request ${id} gets no answer, because its server has crashed`;
    const found = seen === undefined ? "" : `, having found ${journal.session(seen.handle)}`;
    const data = seen === undefined ? "" : ` with ${JSON.stringify(seen.data)}`;
    const values = deeds.flatMap(({ step, value, error }) =>
      error !== undefined
        ? [`${step.do}: ${error}`]
        : value === undefined
          ? []
          : [`${step.do}: ${String(value)}`],
    );
    const cookie =
      given !== undefined
        ? `; gets ${journal.token(given)}`
        : lines.length > 0
          ? "; its cookie is removed"
          : "";
    return `request ${id} is answered with ${status}${found}${data}${values.length === 0 ? "" : `; ${values.join(", ")}`}${cookie}`;
  }

  #sleep(seconds: number): Promise<void> {
    return new Promise((resolve) => void this.#between.schedule.after(seconds, resolve));
  }
}

/** Returns the token that an answer gives, if it gives one. */
function givenIn(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const [, token] = /^session_id=([\w-]{48});/.exec(line) ?? [];
    if (token !== undefined) return token;
  }
  return undefined;
}

function invented(chance: Chance): string {
  const bytes = Buffer.alloc(36);
  for (let at = 0; at < 36; at++) bytes[at] = chance.below(256);
  return bytes.toString("base64url");
}

/** What a handler does, in words. */
function wordsOf(steps: readonly Step[]): string {
  if (steps.length === 0) return "reads";
  return steps
    .map((step) =>
      "user" in step ? `${step.do} ${step.user}${step.brief ? " for a short time" : ""}` : step.do,
    )
    .join(", ");
}
