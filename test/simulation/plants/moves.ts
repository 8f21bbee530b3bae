import type { Plant } from "../plant.ts";

/** The faults of moves between two stores, and of listings. */
export const MOVES: readonly Plant[] = [
  {
    name: "a move does not look whether the session has ended meanwhile",
    file: "src/backends/_moving/mover.ts",
    find: "if (!(await this.to.adopt(handle, record, reservation.secretHash))) return false;",
    replace:
      'await this.to.delete(handle, undefined, "moved");\n    if (!(await this.to.adopt(handle, record))) return false;',
    on: "memory to SQLite",
  },
  {
    name: "a move reads what it takes, and does not mark it",
    file: "src/backends/_moving/mover.ts",
    find: "const record = await this.from.moveOut(handle);",
    replace:
      "const read = await this.from.read(handle);\n    const record = read && { ...read, fence: 0, lockedUntil: 0 };",
    on: "memory to SQLite",
  },
  {
    name: "a request does not look again for a session that moves while it writes",
    file: "src/backends/moving.ts",
    find: 'if (place === "to" || answer !== missing) return answer;',
    replace: 'if (place !== "nowhere") return answer;',
    on: "memory to SQLite",
  },
  {
    name: "an end looks into the source once",
    file: "src/backends/moving.ts",
    find: "const third = await this.#from.delete(handle, undefined, why);\n",
    replace: "const third = false;\n",
    on: "memory to SQLite",
  },
  {
    name: "a session that ends as it was seen leaves its mark in the source",
    file: "src/backends/moving.ts",
    find: 'if (backend === this.#to) await this.#from.delete(handle, undefined, "moved");',
    replace: "",
    on: "memory to SQLite",
  },
  {
    name: "a session whose time gets shorter leaves its mark in the source",
    file: "src/backends/moving.ts",
    find: 'if (mayShorten && backend === this.#to) await this.#from.delete(handle, undefined, "moved");',
    replace: "",
    on: "memory to SQLite",
  },
  {
    name: "a session that ends as it was seen while it moves arrives all the same",
    file: "src/backends/moving.ts",
    find: "if (there === undefined) return true;",
    replace: "if (there !== null) return true;",
    on: "memory to SQLite",
  },
  {
    name: "two builds make one record at once, each in its store",
    file: "src/backends/_moving/new-record.ts",
    find: "    const reservation = namedReservation(to.now());\n",
    replace:
      "    const reservation = namedReservation(to.now());\n    if ((await (moves ? from : to).standings([handle])).length > 0) return false;\n    if (!moves) return store(from);\n    return to.adopt(handle, record);\n",
    on: "memory to SQLite",
  },
  {
    name: "a listing of two stores begins with the target",
    file: "src/backends/moving.ts",
    find: "return scanBoth(this.#from, this.#to, options);",
    replace: "return scanBoth(this.#to, this.#from, options);",
    on: "memory to SQLite",
  },
  {
    name: "a page has a session twice that has moved while it was made",
    file: "src/core/paged.ts",
    find: "sessions.set(session.handle, session);",
    replace: "sessions.set(session.handle + sessions.size, session);",
    on: "memory to SQLite",
  },
  {
    name: "memory: a listing ends with a page that is full",
    file: "src/backends/memory.ts",
    find: "entries.length < most ? undefined",
    replace: "entries.length <= most ? undefined",
  },
];
