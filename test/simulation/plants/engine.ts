import type { Plant } from "../plant.ts";

/** The faults of the engine. */
export const ENGINE: readonly Plant[] = [
  {
    name: "a session lives on when its idle deadline is over",
    file: "src/core/load.ts",
    find: "record.now >= record.expiresAt || ",
    replace: "",
    on: "PostgreSQL",
  },
  {
    name: "the id before a rotation works for as long as its session",
    file: "src/core/load.ts",
    find: 'if (record.now >= record.previousUntil) return "reused";',
    replace: "",
  },
  {
    name: "the id before a rotation has no grace",
    file: "src/core/load.ts",
    find: 'record.previousEpoch === record.epoch ? "grace" : "superseded"',
    replace: '"superseded"',
  },
  {
    name: "the id from before a sign-in works during its grace",
    file: "src/core/load.ts",
    find: 'record.previousEpoch === record.epoch ? "grace" : "superseded"',
    replace: '"grace"',
  },
  {
    name: "a secret is not compared",
    file: "src/core/load.ts",
    find: "if (sameHash(record.secretHash, secretHash)) return",
    replace: "if (sameHash(record.secretHash, record.secretHash)) return",
  },
  {
    name: "the use of an old id is no event",
    file: "src/core/load.ts",
    find: 'if (verdict !== "reused" || record === undefined) return;',
    replace: "if (record !== undefined || verdict !== null) return;",
  },
  {
    name: "an update does not look at the rights again",
    file: "src/core/read-again.ts",
    find: "return isAnother || found.epoch !== record.epoch ? ",
    replace: "return isAnother ? ",
  },
  {
    name: "an update writes over what another server stored meanwhile",
    file: "src/core/change.ts",
    find: "    ifVersion: record.version,\n",
    replace: "",
  },
  {
    name: "of two rotations at once, both win",
    file: "src/core/call.ts",
    find: "ifSecretHash: rotation === undefined ? undefined : record.secretHash,",
    replace: "ifSecretHash: undefined,",
  },
  {
    name: "a write under exclusive use is not fenced",
    file: "src/core/call.ts",
    find: "ifFence: live.turn.held?.lease.fence,",
    replace: "",
  },
  {
    name: "a call of the store has no deadline",
    file: "src/core/call.ts",
    find: "    reject(error);\n  });\n  answer.then(",
    replace: "  });\n  answer.then(",
  },
  {
    name: "a sign-in keeps the rights that it had",
    file: "src/core/renew.ts",
    find: "raiseEpoch: true, ...user,",
    replace: "raiseEpoch: false, ...user,",
  },
  {
    name: "a sign-in with the id before a rotation takes the session over",
    file: "src/core/decide.ts",
    find: 'return grace ? "own" : "rotate";\n    case "regenerate":',
    replace: 'return "rotate";\n    case "regenerate":',
  },
  {
    name: "a request with the id from before a sign-in begins a session",
    file: "src/core/decide.ts",
    find: 'return superseded && asked !== "regenerate" ? "discard" : "create";',
    replace: 'return "create";',
  },
  {
    name: "a request that stores nothing creates a session",
    file: "src/core/decide.ts",
    find: 'if (isEmpty(content)) return "keep";',
    replace: 'if (asked === "nothing" && isEmpty(content)) return "keep";',
  },
  {
    name: "a logout deletes only what nobody has written to",
    file: "src/core/end.ts",
    find: 'return chain(call(live.engine, "delete", stored.handle), (deleted) => gone(live, deleted));',
    replace:
      'return chain(call(live.engine, "delete", stored.handle, stored.seen.version), (deleted) => gone(live, deleted));',
  },
  {
    name: "what is emptied is deleted even if others have written to it",
    file: "src/core/end.ts",
    find: 'chain(call(engine, "delete", handle, version), (deleted) => (deleted ? gone(live, true) : otherwise()));',
    replace:
      'chain(call(engine, "delete", handle), (deleted) => (deleted ? gone(live, true) : otherwise()));',
  },
  {
    name: "a request whose session has ended still sends its cookie",
    file: "src/core/state.ts",
    find: "export function ended(live: Live, lives = false): void {\n  live.outbox.line = undefined;",
    replace: "export function ended(live: Live, lives = false): void {",
  },
  {
    name: "whoever saves is not told that nothing was stored",
    file: "src/core/commit.ts",
    find: '  if (isLost && Object.keys(data).length > 0) throw lostError(phase.is === "new");',
    replace: "  void [isLost, data, lostError];",
  },
  {
    name: "an exclusive use whose session has ended succeeds",
    file: "src/core/exclusive.ts",
    find: "await saveNow(live.data);",
    replace: "await commit(live);",
  },
  {
    name: "take removes the value at the end of the request",
    file: "src/core/take.ts",
    find: 'if (phase.is === "new" || startsOver(intent) || isNew(phase, key, here)) {',
    replace: "if (here !== null || startsOver(intent) || isNew(phase, key, here)) {",
  },
  {
    name: "a limit of sessions leaves one too many",
    file: "src/core/limit-places.ts",
    find: "Math.max(0, others.length - most)",
    replace: "Math.max(0, others.length - most - 1)",
  },
  {
    name: "a limit that refuses counts without a turn",
    file: "src/core/limit-turn.ts",
    find: "const lease = await acquire(engine, handle, options.lock.wait);",
    replace: "const lease = { fence: 0, release: async () => {} }; void acquire;",
  },
  {
    name: "a limit that refuses does not count a session that was begun beside another",
    file: "src/core/limit.ts",
    find: "if (own !== kept && before.length >= most) throw refusal(most);",
    replace: "",
  },
  {
    name: "a new sign-in keeps the factors that somebody else has proved",
    file: "src/core/factors.ts",
    find: "return remember(head, { by: by.length === 0 ? undefined : factorsAt(by, 0) });",
    replace: "return remember(head, { by: { ...recall(head).by, ...factorsAt(by, 0) } });",
  },
  {
    name: "users of another realm are the same users",
    file: "src/core/realm.ts",
    find: "export function storedUser(realm: string, userId: string): string {",
    replace: 'export function storedUser(realm: string, userId: string): string {\n  realm &&= "any";',
  },
  {
    name: "whoever watches does not hear what the channel tells",
    file: "src/core/watcher.ts",
    find: "      this.#end(endedBy(session, notice.reason), notice.reason);\n",
    replace: "",
  },
  {
    name: "a store that cannot be reached does not end what is watched",
    file: "src/core/watcher.ts",
    find: "if (now - session.seenAt > this.#lease && now >= this.#spared) over.push(session);",
    replace: "if (now - session.seenAt > 1e9) over.push(session);",
  },
  {
    name: "the store gets the secret",
    file: "src/core/token.ts",
    find: "return { handle: kept, value, secretHash: secretHashOf(realm, value) };",
    replace: "return { handle: kept, value, secretHash: secretHashOf(realm, value) + value };",
  },
  {
    name: "an event has the secret",
    file: "src/core/load.ts",
    find: "publish(engine, verdict, aboutOf(handle, record));",
    replace: "publish(engine, verdict, aboutOf(token, record));",
    on: "PostgreSQL",
  },
];
