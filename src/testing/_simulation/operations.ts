import { handleIn, type Operated } from "./history.ts";
import type { Operation } from "./plan.ts";
import type { Run } from "./server.ts";
import type { World } from "./world.ts";

/** Does what an operator, or another device of a user, asks a server for, and notes what came of it. */
export async function operate(world: World, plan: Operation): Promise<void> {
  const { schedule, history, journal, clients, servers } = world;
  const { token } = clients[plan.client]!;
  const handle = token === undefined ? undefined : handleIn(token);
  const operated: Operated = { plan, handle, begun: schedule.now };
  history.operations.push(operated);
  const whose = `${plan.user}'s sessions, ${journal.session(handle)}`;
  journal.say(`server ${plan.server} begins ${plan.verb} (${whose})`);
  const server = servers[plan.server]!;
  await server.unlessCrashed(async (run) => {
    try {
      operated.value = await ask(plan, handle, token, run);
      operated.done = schedule.now;
      journal.say(`${plan.verb} is done: ${journal.named(told(operated.value))}`);
    } catch (error) {
      operated.failed = true;
      history.errors.push(String(error));
      journal.say(`${plan.verb} fails: ${String(error)}`);
    }
  });
}

function told(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

async function ask(
  { verb, user, most = 50 }: Operation,
  handle: string | undefined,
  token: string | undefined,
  { sessions, strangers, move }: Run,
): Promise<unknown> {
  switch (verb) {
    case "revoke":
      return handle === undefined ? 0 : sessions.revoke({ handle });
    case "revokeOthers":
      return sessions.revoke({ userId: user, except: handle });
    case "revokeUser":
      return sessions.revoke({ userId: user });
    case "list": {
      const all = await sessions.list({ userId: user }).toArray();
      return all.map((each) => each.handle);
    }
    case "count":
      return sessions.count({ userId: user });
    case "update":
      if (handle === undefined) return undefined;
      return sessions.update({ handle }, "n", (n: number = 0) => n + 1);
    case "prune":
      return sessions.prune();
    case "stranger": {
      const others = strangers();
      const session = await others.load(token === undefined ? undefined : `session_id=${token}`);
      const found = Object.keys(session).length;
      const listed = await others.count({ userId: user });
      return found + listed + (await others.revoke({ userId: user }));
    }
    case "scan":
      return pagesOf(sessions, most);
    case "move":
      return move();
  }
}

/** The handles of all sessions, page by page. */
async function pagesOf(sessions: Run["sessions"], limit: number): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await sessions.list().page({ cursor, limit });
    pages.push(page.sessions.map(({ handle }) => handle));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return pages;
}
