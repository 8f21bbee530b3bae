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
