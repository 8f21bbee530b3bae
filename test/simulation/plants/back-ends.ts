import type { Plant } from "../plant.ts";

/** The faults of what stores sessions. */
export const BACKENDS: readonly Plant[] = [
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
    name: "Redis: an update that is sent again after a change of rights is refused",
    file: "test/simulation/redis-model.ts",
    find: "if (ifVersion !== undefined && ifVersion !== row.version)",
    replace:
      'if (row.epoch !== patch.ifEpoch) return "stale";\n    if (ifVersion !== undefined && ifVersion !== row.version)',
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
    file: "test/simulation/redis-index.ts",
    find: "const answer = await store(told);",
    replace:
      "void this.#index.get(userId)?.delete(handle); const answer = await store(told); await this.#call('tell the index late', () => void this.#index.get(userId)?.set(handle, told));",
    on: "Redis",
  },
];
