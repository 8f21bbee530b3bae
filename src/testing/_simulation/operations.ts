import { handleIn, type Operated } from "./history.ts";
import type { Operation } from "./plan.ts";
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
  await server.unlessCrashed(async ({ sessions }) => {
    try {
      operated.value = await ask(plan, handle, token, { sessions, strangers: server.strangers });
      operated.done = schedule.now;
      journal.say(`${plan.verb} is done: ${journal.named(String(operated.value))}`);
    } catch (error) {
      operated.failed = true;
      history.errors.push(String(error));
      journal.say(`${plan.verb} fails: ${String(error)}`);
    }
  });
}

async function ask(
  { verb, user }: Operation,
  handle: string | undefined,
  token: string | undefined,
  {
    sessions,
    strangers,
  }: Pick<World["servers"][number], "strangers"> & { sessions: World["servers"][number]["strangers"] },
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
      const session = await strangers.load(token === undefined ? undefined : `session_id=${token}`);
      const found = Object.keys(session).length;
      const listed = await strangers.count({ userId: user });
      return found + listed + (await strangers.revoke({ userId: user }));
    }
  }
}
