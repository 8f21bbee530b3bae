/**
 * Faults that `npm run mutate` puts into the source one by one; some test must notice each. `find` must occur exactly
 * once in `file`. `tests` are the test files to run first, if given; they save time and change no result.
 */
export const MUTANTS = [
  // The engine.
  {
    name: "a session lives on when its idle deadline is over",
    file: "src/core/load.ts",
    find: "record.now >= record.expiresAt || ",
    replace: "",
  },
  {
    name: "a replaced secret works for as long as its session",
    file: "src/core/load.ts",
    find: 'if (record.now >= record.previousUntil) return "reused";',
    replace: "",
  },
  {
    name: "the id from before a sign-in works during its grace",
    file: "src/core/load.ts",
    find: 'record.previousEpoch === record.epoch ? "grace" : "superseded"',
    replace: '"grace"',
  },
  {
    name: "a record that is read again is not judged by its rights",
    file: "src/core/read-again.ts",
    find: " || found.epoch !== record.epoch",
    replace: "",
  },
  {
    name: "a route with exclusive use reads the record before it has the lock, and not again",
    file: "src/core/load.ts",
    find: "if (options?.exclusive) return openAlone(request, index, superseded, record);",
    replace: "",
  },
  {
    name: "a sign-in keeps the rights that it had",
    file: "src/core/renew.ts",
    find: "raiseEpoch: true, ...user,",
    replace: "raiseEpoch: false, ...user,",
  },
  {
    name: "what others have stored stays in a session that starts over",
    file: "src/core/renew.ts",
    find: "const onlyVersion = startsOver(intent) ? version : undefined;",
    replace: "const onlyVersion = undefined;",
  },
  {
    name: "a write under exclusive use is not fenced",
    file: "src/core/call.ts",
    find: "ifFence: live.turn.held?.lease.fence,",
    replace: "",
  },
  {
    name: "a call of the back-end has no deadline",
    file: "src/core/call.ts",
    find: "    reject(error);\n  });\n  answer.then(",
    replace: "  });\n  answer.then(",
  },
  {
    name: "a request whose session has ended still sends its cookie",
    file: "src/core/state.ts",
    find: "export function ended(live: Live, lives = false): void {\n  live.outbox.line = undefined;",
    replace: "export function ended(live: Live, lives = false): void {",
  },
  {
    name: "a session that is emptied while others write is not ended",
    file: "src/core/decide.ts",
    find: 'function decideData({ content, signedIn, touchDue }: Extract<Facts, { phase: "stored" }>): Step {\n  if (content === "replaced") return "endReplaced";',
    replace:
      'function decideData({ content, signedIn, touchDue }: Extract<Facts, { phase: "stored" }>): Step {',
  },
  {
    name: "an update writes over what another server stored meanwhile",
    file: "src/core/change.ts",
    find: "    ifVersion: record.version,\n",
    replace: "",
  },
  // One request's use of its sessions.
  {
    name: "a handler that failed is saved all the same",
    file: "src/visit/visit.ts",
    find: "  commitFailed(): void {\n    this.discard();",
    replace: "  commitFailed(): void {\n    void this.commit();",
  },
  {
    name: "what changes while a body streams is lost",
    file: "src/visit/visit.ts",
    find: "    if (!this.looked || this.#isOver) return undefined;\n",
    replace: "    return undefined;\n",
  },
  {
    name: "a Node response leaves before its session is saved",
    file: "src/visit/hold.ts",
    find: "      this.#phase = waiting;\n",
    replace: '      this.#phase = "sent";\n',
  },
  {
    name: "a failed save is answered as if it had worked",
    file: "src/visit/hold.ts",
    find: '(error: unknown) => this.#stop(error, waiting === "held"),',
    replace: '() => this.#release(way === "end" ? "ended" : "sent"),',
  },
  {
    name: "data assigned after the end of a session is dropped",
    file: "src/visit/assign.ts",
    find: "begins ? startOver(session) : session",
    replace: "session",
  },
  {
    name: "two sessions may have one cookie",
    file: "src/visit/mount.ts",
    find: "  if (one.sessions.options.cookie.name === cookie.name)",
    replace: "  if (false)",
  },
  // The headers of a response.
  {
    name: "a response that sets the cookie may be stored and checked again",
    file: "src/visit/answer.ts",
    find: 'write(headers, "Cache-Control", "no-store");',
    replace: 'write(headers, "Cache-Control", "no-cache");',
  },
  {
    name: "a response that looked at the session does not vary on Cookie",
    file: "src/visit/answer.ts",
    find: '  if (vary !== before) write(headers, "Vary", vary);\n',
    replace: "",
  },
  {
    name: "the application's own cookies are dropped",
    file: "src/visit/answer.ts",
    find: "[...others.filter((line) => nameOf(line) !== ours), ...lines]",
    replace: "lines",
  },
  // The parts that back-ends share, and memory.
  {
    name: "a change of rights does not stop a write begun before it",
    file: "src/record/record.ts",
    find: "record.epoch === patch.ifEpoch &&",
    replace: "",
  },
  {
    name: "a touch moves a session past its absolute deadline",
    file: "src/record/record.ts",
    find: "Math.min(wanted, absoluteExpiresAt)",
    replace: "wanted",
  },
  {
    name: "memory: a handle that is taken is given away",
    file: "src/backends/memory.ts",
    find: "if (old.expires > this.#ticks(now)) return false;",
    replace: "",
  },
  {
    name: "memory: a session that is signed in again stays on its first user's list",
    file: "src/backends/memory.ts",
    find: "this.#users.move(entry, userId, entry.more.userId);",
    replace: "",
  },
  {
    name: "SQLite: a patch needs no version",
    file: "src/backends/_sqlite/statements.ts",
    find: "handle = ? AND version = ? AND epoch = ?",
    replace: "handle = ? AND ? >= 0 AND epoch = ?",
  },
  {
    name: "SQLite: a record that is locked can be locked again",
    file: "src/backends/_sqlite/statements.ts",
    find: "AND (locked_until <= ? OR locked_until > ?)",
    replace: "AND ? IS NOT NULL AND ? IS NOT NULL",
  },
  {
    name: "Redis: a change of rights does not stop a write begun before it",
    file: "src/backends/_redis/patch-scripts.ts",
    find: "if e ~= tonumber(epoch) then return 3 end",
    replace: "",
  },
  {
    name: "Redis: an expired record can be written",
    file: "src/backends/_redis/patch-scripts.ts",
    find: "if x <= now then return 0 end\nlocal own",
    replace: "local own",
  },
  {
    name: "Redis: a change is stored over what others have written",
    file: "src/backends/_redis/patch-scripts.ts",
    find: "if sub(s, 1, 20) ~= sub(a, 1, 20) then",
    replace: "if sub(s, 13, 20) ~= sub(a, 13, 20) then",
  },
  {
    name: "info tells of the session as it was before a sign-in",
    file: "src/core/info.ts",
    find: 'if (intent.is === "login") return asSignedIn',
    replace: 'if (intent.is === "login" && !live) return asSignedIn',
  },
  {
    name: "a sign-in by a replaced id spares the session that it leaves",
    file: "src/core/session.ts",
    find: 'if (intent.is === "login") return grace;',
    replace: 'if (intent.is === "login") return false;',
  },
  {
    name: "a handle reaches the sessions of another realm",
    file: "src/core/listed.ts",
    find: "isInRealm(record, engine.options.realm)",
    replace: "(isInRealm(record, engine.options.realm) || true)",
  },
  {
    name: "a change through an old reference is lost in silence",
    file: "src/core/commit.ts",
    find: "if (live.turn.replaced !== undefined) refuse",
    replace: "if (live.turn.replaced !== undefined && !live) refuse",
  },
  {
    name: "milliseconds are taken for seconds",
    file: "src/duration.ts",
    find: "if (!isLike) return;",
    replace: 'if (!isLike || option !== "") return;',
  },
  {
    name: "what a schema fills in counts as a change",
    file: "src/core/commit.ts",
    find: "encoded === turn.blank ?",
    replace: "encoded === turn.blank && !engine ?",
  },
  {
    name: "a listener hears of other engines too",
    file: "src/core/events.ts",
    find: "[FROM] !== publisher) return;",
    replace: "[FROM] !== publisher && !publisher) return;",
  },
];
