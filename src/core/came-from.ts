import type { Client } from "./client.ts";
import { changesOf, deviceOf, familyOf, type StoredDevice, shownDevice } from "./device.ts";
import { deviceIn, withDevice } from "./device-in-head.ts";
import { isHeard, type Publisher, publish } from "./events.ts";
import { type Head, remember } from "./head.ts";
import type { Intent, Live } from "./live.ts";
import { networkOf } from "./network.ts";
import { storedUser } from "./realm.ts";
import { eventOf } from "./session.ts";
import { sentBy } from "./state.ts";

/** Notes which client has sent the request of a session, and says in an event if it is another one than signed in. */
export function cameFrom(live: Live, client: Client): void {
  sentBy(live, client);
  if (live.phase.is === "stored" && live.phase.record.userId !== null && isHeard("device_changed"))
    compare(live, live.phase.head, client);
}

function compare(live: Live, head: Head, client: Client): void {
  const { engine } = live;
  const before = deviceIn(head);
  if (before === undefined || engine.options.device === false) return;
  const now = { ...deviceOf(client, engine.options.device), name: before.name };
  const changed = changesOf(before, now);
  const about = eventOf(live);
  if (changed.length === 0 || !isNew(engine, about.handle, now)) return;
  publish(engine, "device_changed", {
    ...about,
    changed,
    before: shownDevice(before),
    now: shownDevice(now),
  });
}

/** Changes that were told, so that a session on another device is not told of with each request. */
const told = new WeakMap<Publisher, Set<string>>();
const MOST = 10_000;

/** Returns true for what this process has not been told of this session a while ago. */
function isNew(
  engine: Publisher,
  handle: string,
  { agent = "", brand = "", address = "" }: StoredDevice,
): boolean {
  const known = told.get(engine) ?? new Set<string>();
  told.set(engine, known);
  const key = [handle, brand, familyOf(agent), networkOf(address)].join("\n");
  if (known.has(key)) return false;
  if (known.size === MOST) for (const first of known.keys()) if (known.delete(first)) break;
  known.add(key);
  return true;
}

/** How many sign-ins this process has stored. */
let signIns = 0;

/** Returns the head of a session whose user signs in with this request: who comes after whom, and with which device. */
export function signedInWith(live: Live, intent: Extract<Intent, { is: "login" }>, head: Head): Head {
  const { perUser, device, realm } = live.engine.options;
  const numbered = perUser === undefined ? head : remember(head, { nth: ++signIns, pending: intent.pending });
  if (device === false) return numbered;
  const { phase, outbox } = live;
  const { client } = outbox;
  const known: StoredDevice = client === undefined ? {} : deviceOf(client, device);
  const before =
    phase.is === "stored" && phase.record.userId === storedUser(realm, intent.userId)
      ? deviceIn(phase.head)
      : undefined;
  const name = intent.device ?? before?.name;
  return withDevice(numbered, { name: name === "" ? undefined : name, ...known });
}

/** Returns a head that is written anyway, with the address of this request. */
export function movedHead({ outbox, engine }: Live, head: Head): Head {
  const { client } = outbox;
  const before = client === undefined || engine.options.device === false ? undefined : deviceIn(head);
  if (before === undefined || client === undefined || engine.options.device === false) return head;
  const { address } = deviceOf(client, engine.options.device);
  return address === undefined || address === before.address
    ? head
    : withDevice(head, { ...before, address });
}
