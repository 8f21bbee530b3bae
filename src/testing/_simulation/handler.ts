import { exclusive } from "../../core/exclusive.ts";
import { info } from "../../core/info.ts";
import type { AnyData, Session } from "../../core/register.ts";
import { take } from "../../core/take.ts";
import { update } from "../../core/update.ts";
import { login, logout, rotate, save } from "../../core/verbs.ts";
import { type Environment, sleep } from "../../environment.ts";
import { SessionError } from "../../errors.ts";
import type { Deed, Visited } from "./history.ts";
import type { Step } from "./plan.ts";

/** The session of the application that is simulated. */
type Simulated = Session<AnyData>;

/** What a handler has beside its session. */
export interface Around {
  /** The real time of the world, and timers that end with the server. */
  readonly environment: Environment;
  now(): number;
  /** The idle timeout of a brief sign-in, in seconds. */
  readonly brief: number;
  watch(session: Simulated, visited: Visited): void;
}

/** The application: does what the plan of a request says, and notes what came of it. Throws what a step throws. */
export async function handle(session: Simulated, visited: Visited, around: Around): Promise<void> {
  const { handle, userId, by } = info(session);
  const data = copyOf(session);
  visited.seen = { at: around.now(), handle, userId, by, data };
  for (const [index, step] of visited.plan.steps.entries()) {
    const deed: Deed = { step, begun: around.now() };
    visited.deeds.push(deed);
    try {
      deed.value = await perform(session, step, visited, { name: `${visited.id}_${index}`, around });
      deed.done = around.now();
    } catch (error) {
      deed.error = error instanceof SessionError ? error.code : "failed";
      throw error;
    }
  }
  visited.left = Object.keys(session).length;
}

/** Data of plain values, which nothing can change later. */
function copyOf(session: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(session)) as Record<string, unknown>;
}

async function perform(
  session: Simulated,
  step: Step,
  visited: Visited,
  { name, around }: { readonly name: string; readonly around: Around },
): Promise<unknown> {
  switch (step.do) {
    case "set":
      session[`k${name}`] = name;
      return `k${name}`;
    case "write":
      session.shared = name;
      return name;
    case "unset": {
      const key = Object.keys(session).find((each) => each.startsWith("k"));
      if (key !== undefined) delete session[key];
      return key;
    }
    case "empty":
      for (const key of Object.keys(session)) delete session[key];
      return;
    case "update":
      return update(session, "n", (n: number = 0) => n + 1);
    case "save":
      return save(session);
    case "leave":
      session.message = name;
      return name;
    case "take":
      return take(session, "message");
    case "exclusive":
      return exclusive(session, async () => {
        const before: number = session.alone ?? 0;
        await sleep(around.environment, step.seconds);
        session.alone = before + 1;
        return before + 1;
      });
    case "rotate":
      return rotate(session);
    case "elevate":
      return info(session).userId === undefined
        ? rotate(session, "elevated")
        : rotate(session, "elevated", { by: ["totp"] });
    case "login":
      return login(session, step.user, {
        by: ["password"],
        ...(step.brief ? { timeouts: { idle: around.brief } } : {}),
      });
    case "logout":
      return logout(session);
    case "watch":
      return around.watch(session, visited);
    case "pause":
      return sleep(around.environment, step.seconds);
    case "throw":
      throw new Error("the handler has a bug");
  }
}
