import type { Plant } from "./plant.ts";

/** The faults of the engine. */
const ENGINE: readonly Plant[] = [
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
    find: 'return chain(call(live.engine, "delete", phase.handle), (deleted) => gone(live, deleted));',
    replace:
      'return chain(call(live.engine, "delete", phase.handle, phase.seen.version), (deleted) => gone(live, deleted));',
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
    find: "export function ended(live: Live): void {\n  live.outbox.line = undefined;",
    replace: "export function ended(live: Live): void {",
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

/** The faults of what stores sessions. */
const BACKENDS: readonly Plant[] = [
  {
    name: "a store that writes all of a session: the last one wins",
    file: "src/record/record.ts",
    find: "const data = mergeData(record.data, patch.changes());",
    replace: "const data = mergeData(patch.data, { set: new Map(), unset: [] });",
  },
  {
    name: "a store that does not look at the rights",
    file: "src/record/record.ts",
    find: "    record.epoch === patch.ifEpoch &&\n",
    replace: "",
  },
  {
    name: "a store that does not look at the fence",
    file: "src/record/record.ts",
    find: "(patch.ifFence === undefined || record.fence === patch.ifFence)",
    replace: "true",
  },
  {
    name: "a lock that is never busy",
    file: "src/record/record.ts",
    find: 'if (record.lockedUntil > now && record.lockedUntil <= now + seconds + LOCK_SLACK) return "busy";',
    replace: "",
  },
  {
    name: "memory: revoking all of a user misses one",
    file: "src/backends/memory.ts",
    find: "const others = this.#entries.users.list(userId).filter((entry) => entry.handle !== except);",
    replace:
      "const others = this.#entries.users.list(userId).filter((entry) => entry.handle !== except).slice(0, 1);",
  },
  {
    name: "memory: a sign-in is missing in the user's list",
    file: "src/backends/_memory/entries.ts",
    find: "      this.users.move(entry, userId, entry.more.userId);\n",
    replace: "",
  },
  {
    name: "memory: a touch moves no deadline",
    file: "src/backends/_memory/entries.ts",
    find: "const expires = this.#ticks(record.expiresAt);\n    if (",
    replace: "const expires = all ? this.#ticks(record.expiresAt) : entry.expires;\n    if (",
  },
  {
    name: "SQLite: a write looks at the rights, and not at the version",
    file: "src/backends/_sqlite/statements.ts",
    find: "handle = ? AND version = ? AND epoch = ?",
    replace: "handle = ? AND version >= ? - 1e9 AND epoch = ?",
    on: "SQLite",
  },
  {
    name: "SQLite: a rotation does not compare the secret",
    file: "src/backends/_sqlite/statements.ts",
    find: "AND secret_hash = coalesce(?, secret_hash)",
    replace: "AND secret_hash <> coalesce(?, '-')",
    on: "SQLite",
  },
  {
    name: "compare-and-swap: a change is stored whatever is there",
    file: "src/backends/_cas/records.ts",
    find: "const stored = await this.#store.replace(handle, text, this.left(record), seen.mark);",
    replace: "const stored = ((await this.#store.set(handle, text, this.left(record))), true);",
    on: "cas",
  },
  {
    name: "compare-and-swap: a sign-in is listed after it was stored",
    file: "src/backends/cas.ts",
    find: "if (stored.userId !== null) await this.#users.add(stored.userId, handle, stored.absoluteExpiresAt);",
    replace:
      "if (stored.userId !== null) void this.#users.add(stored.userId, handle, stored.absoluteExpiresAt).catch(() => {});",
    on: "cas",
  },
  {
    name: "statements: a merge that came too late counts as stored",
    file: "src/backends/_sql/patch.ts",
    find: "return (await row.store(data, record.version, record.secretHash)) ? result : undefined;",
    replace: "return (await row.store(data, record.version, record.secretHash)), result;",
    on: "PostgreSQL",
  },
  {
    name: "PostgreSQL: an expired session is listed",
    file: "test/simulation/rows.ts",
    find: "row.userId === userId && this.live(handle) !== undefined",
    replace: 'row.userId === userId && handle !== ""',
    on: "PostgreSQL",
  },
  {
    name: "Redis: what is sent again is done again",
    file: "test/simulation/redis-model.ts",
    find: "if (row.version !== baseVersion && (row.nonce === nonce || hasSecret))",
    replace: 'if (row.version !== baseVersion && nonce === "")',
    on: "Redis",
  },
  {
    name: "Redis: an update that is sent again is refused, and made anew",
    file: "test/simulation/redis-model.ts",
    find: 'return row.nonces.includes(nonce) ? "merged" : "stale";',
    replace: 'return "stale";',
    on: "Redis",
  },
  {
    name: "Redis: a lock that is sent again is busy",
    file: "test/simulation/redis-model.ts",
    find: "if (row.lock === nonce) return row.fence;",
    replace: "",
    on: "Redis",
  },
  {
    name: "Redis: a sign-in is stored before the index is told",
    file: "test/simulation/redis-model.ts",
    find: "const answer = await store(told);",
    replace:
      "void this.#index.get(userId)?.delete(handle); const answer = await store(told); await this.#call('tell the index late', () => void this.#index.get(userId)?.set(handle, told));",
    on: "Redis",
  },
];

/** The faults of what is between the engine and a framework. */
const VISITS: readonly Plant[] = [
  {
    name: "the answer does not wait for the save",
    file: "src/visit/around.ts",
    find: "      if (saving !== undefined) await saving;\n",
    replace: "      if (saving instanceof Promise) saving.catch(() => {});\n",
  },
  {
    name: "a failed save is answered as done",
    file: "src/visit/around.ts",
    find: "      if (saving !== undefined) await saving;\n",
    replace: "      if (saving instanceof Promise) await saving.catch(() => {});\n",
  },
  {
    name: "a handler that throws saves all the same",
    file: "src/visit/around.ts",
    find: "    } catch (error) {\n      this.discard(error, response);\n",
    replace: "    } catch (error) {\n      await this.commit();\n      this.discard(error, response);\n",
  },
  {
    name: "one request is answered with the cookie of another",
    file: "src/visit/visit.ts",
    find: 'const cookie = headerOf(this.request, "cookie");',
    replace:
      'const cookie = ((globalThis as { first?: string }).first ??= headerOf(this.request, "cookie") as string);',
  },
  {
    name: "the cookie lacks HttpOnly",
    file: "src/core/set-cookie.ts",
    find: '(httpOnly ? "; HttpOnly" : "")',
    replace: '(httpOnly ? "" : "")',
  },
  {
    name: "the cookie of a session that has ended stays in the browser",
    file: "src/visit/answer.ts",
    find: "return line === undefined || carrier !== undefined ? [] : [...farewells, line];",
    replace:
      'return line === undefined || carrier !== undefined || line.includes("=;") ? [] : [...farewells, line];',
  },
  {
    name: "the cookie comes twice",
    file: "src/visit/answer.ts",
    find: "return line === undefined || carrier !== undefined ? [] : [...farewells, line];",
    replace: "return line === undefined || carrier !== undefined ? [] : [...farewells, line, line];",
  },
  {
    name: "the adapter does not ask for exclusive use",
    file: "src/adapters/fetch.ts",
    find: "const mount = { ...mountOf<Request>(sessions, options, ({ url }) => url, { names }), varies: true };",
    replace:
      "const mount = { ...mountOf<Request>(sessions, { ...options, exclusive: false }, ({ url }) => url, { names }), varies: true };",
  },
  {
    name: "the adapter lets the handler answer after an error of the store",
    file: "src/adapters/fetch.ts",
    find: "return outer === undefined ? new Around(mount, request).run(request, handle) : handle(outer);",
    replace:
      "return outer === undefined ? new Around(mount, request).run(request, handle, () => new Response(null, { status: 204 })) : handle(outer);",
  },
];

export const PLANTS: readonly (Plant & { readonly room: string })[] = [
  ...ENGINE.map((plant) => ({ ...plant, room: "engine" })),
  ...BACKENDS.map((plant) => ({ ...plant, room: "back-end" })),
  ...VISITS.map((plant) => ({
    ...plant,
    room: plant.file.startsWith("src/adapters/") ? "adapter" : "visit",
  })),
];
