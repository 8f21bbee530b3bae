import type { Room } from "./respond.ts";

const rooms = new WeakMap<object, () => Room>();

/** Registers an App, so that `mount` can pass requests to it. */
export function registerRoom(app: object, room: () => Room): void {
  rooms.set(app, room);
}

/** Returns a function that returns the room of an App; undefined for anything else. */
export function roomOf(app: object): (() => Room) | undefined {
  return rooms.get(app);
}

/** Another App below a prefix. */
interface Mounted {
  readonly base: string;
  room(): Room;
  has(path: string): boolean;
}

const mounts = new WeakMap<object, Mounted>();

/** Registers a middleware that passes paths to another App. */
export function registerMount(middleware: Mounted): void {
  mounts.set(middleware, middleware);
}

/** An App on the way to a handler, and the part of the path that it sees. */
export interface Stop {
  readonly room: Room;
  readonly path: string;
}

/** Returns the Apps on the way to what answers a path: the one that is served first, and the one that answers last. */
export function wayTo(room: Room, path: string, before: readonly Stop[] = []): readonly Stop[] {
  const way = [...before, { room, path }];
  const mounted = mountsIn(room).find((each) => each.has(path));
  if (mounted === undefined) return way;
  const [next, rest] = [mounted.room(), path.slice(mounted.base.length) || "/"];
  // An App may be below itself.
  if (way.some((stop) => stop.room === next && stop.path === rest)) return way;
  return wayTo(next, rest, way);
}

/** Returns true if an App, or one below it, has the route of a WebSocket. */
export function hasSockets(room: Room, seen: ReadonlySet<Room> = new Set()): boolean {
  if (seen.has(room)) return false;
  const all = new Set([...seen, room]);
  return room.socketRoutes.size > 0 || mountsIn(room).some((each) => hasSockets(each.room(), all));
}

function mountsIn({ middlewares }: Room): Mounted[] {
  return middlewares.flatMap((each) => mounts.get(each) ?? []);
}
