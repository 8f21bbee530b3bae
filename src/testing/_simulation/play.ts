import { type LoadSave, type SessionBackend, toBackend } from "../../backends/backend.ts";
import type { Environment } from "../../environment.ts";
import { Chance } from "./chance.ts";
import { Client } from "./client.ts";
import { noteEvents } from "./events.ts";
import { breakIt } from "./faults.ts";
import type { History } from "./history.ts";
import { seedIds } from "./ids.ts";
import { Journal } from "./journal.ts";
import { overNetwork } from "./link.ts";
import { Network } from "./network.ts";
import { OldSessions } from "./old-sessions.ts";
import { operate } from "./operations.ts";
import type { CreateSimulated, SimulatedStore } from "./place.ts";
import type { Action, Plan } from "./plan.ts";
import { lookAround } from "./probes.ts";
import { Requests } from "./requests.ts";
import { Schedule } from "./schedule.ts";
import { Server } from "./server.ts";
import type { World } from "./world.ts";

/** 14 November 2023. */
const START = 1_700_000_000;
/** Seconds for which a world waits for what it has begun. */
const PATIENCE = 300;
/** The same for looking around at the end. */
const LOOKING = 2000;

/** Seconds for which a session that moves may be on its way, while its times stand still. */
const ON_ITS_WAY = 3;

/** A world that was played. */
export interface Played {
  readonly history: History;
  readonly journal: Journal;
}

/** Plays a plan. The same one is played the same way each time. */
export async function play(plan: Plan, create: CreateSimulated): Promise<Played> {
  const schedule = new Schedule(START);
  const journal = new Journal(schedule);
  const clock = { ahead: 0 };
  const network = new Network(schedule, new Chance(plan.seed, 3), journal, plan.weather);
  const chance = new Chance(plan.seed, 4);
  seedIds(new Chance(plan.seed, 2));
  const environment: Environment = {
    now: () => schedule.now + clock.ahead,
    random: chance.next,
    timer: (seconds, run) => schedule.after(seconds, run),
  };
  const history = blank(plan, network);
  const store = storeOf(create(environment), environment, history);
  if ("move" in store) history.onItsWay = ON_ITS_WAY;
  const old = plan.settings.legacy ? new OldSessions(plan.clients) : undefined;
  noteEvents((heard) => {
    history.heard.push({ at: schedule.now, ...heard });
    if (heard.name !== "backend_failed")
      journal.say(`event ${heard.name} of ${journal.session(heard.handle)}`);
  });
  try {
    const legacy = old === undefined ? undefined : old.seam.bind(old);
    const { settings } = plan;
    const site = { schedule, network, store, settings, history, journal, chance, clock, legacy };
    const servers = Array.from({ length: plan.servers }, (_, index) => new Server(index, site));
    const clients = Array.from({ length: plan.clients }, (_, index) => new Client(index, old !== undefined));
    const world: World = {
      plan,
      schedule,
      journal,
      history,
      network,
      chance,
      store,
      servers,
      clients,
      requests: new Requests({ schedule, journal, history, chance, servers, clients }),
      clock,
      sleep: (seconds) => new Promise((resolve) => void schedule.after(seconds, resolve)),
      pending: new Set(),
    };
    let isOver = false;
    const story = tell(world).finally(() => {
      isOver = true;
    });
    history.isComplete = (await schedule.run(() => isOver)) && (await story);
    history.endedAt = schedule.now;
  } finally {
    noteEvents(undefined);
    await store.close?.();
  }
  return { history, journal };
}

/** Does what is planned, and returns whether everything that was begun came to an end. */
async function tell(world: World): Promise<boolean> {
  const { plan, schedule, pending, network, history } = world;
  for (const action of plan.actions) {
    await world.sleep(action.after);
    const work = perform(world, action).finally(() => pending.delete(work));
    pending.add(work);
  }
  const done = await within(world, Promise.all(pending));
  network.heal();
  for (const server of world.servers) server.restart();
  history.quietFrom = schedule.now;
  if (!done) return false;
  return within(world, lookAround(world), LOOKING);
}

function perform(world: World, action: Action): Promise<void> {
  switch (action.is) {
    case "visit":
      return world.requests.send(action);
    case "operation":
      return operate(world, action);
    case "fault":
      return breakIt(world, action);
  }
}

/** Returns false if it takes too long. */
function within(world: World, work: Promise<unknown>, patience = PATIENCE): Promise<boolean> {
  const late = world.sleep(patience).then(() => false);
  return Promise.race([work.then(() => true), late]);
}

function storeOf(
  made: SimulatedStore | SessionBackend | LoadSave,
  environment: Environment,
  history: History,
): SimulatedStore {
  if ("open" in made) return made;
  const backend = toBackend(made);
  backend.environment = environment;
  return { open: (place) => overNetwork(backend, place, history.kept), close: () => backend.close() };
}

function blank(plan: Plan, { repeats }: Network): History {
  return {
    plan,
    visits: [],
    operations: [],
    watches: [],
    heard: [],
    losses: [],
    errors: [],
    kept: [],
    counts: [],
    clocks: 0,
    onItsWay: 0,
    repeats,
    isComplete: false,
    quietFrom: 0,
    endedAt: 0,
  };
}
