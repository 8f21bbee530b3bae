/**
 * What `npm run model` checks: each promise over everything that its model can do, and each condition taken away. `model` is the file
 * in this folder; `define` are switches of it; `means` and `what` stand in the tables of docs/model.md.
 */
export const PROPERTIES = [
  {
    name: "C1",
    model: "session",
    define: ["C1"],
    means: "a key that a request has stored is there, unless one that has seen it removes it",
  },
  {
    name: "C2",
    model: "session",
    define: ["C2"],
    means: "the number is how many increments took effect",
  },
  {
    name: "C3",
    model: "session",
    define: ["C3"],
    means: "a session that was logged out, emptied, revoked or has expired is never live again",
  },
  {
    name: "C4",
    model: "session",
    define: ["C4"],
    means:
      "of rotations of one secret one takes effect; whoever reads finds secret, rights and user of the same moment",
  },
  {
    name: "C5",
    model: "session",
    define: ["C5"],
    means:
      "no id from before a change of rights opens anything, no write begun before it takes effect, only the current id changes rights, and no id opens anything after its grace",
  },
  {
    name: "C6",
    model: "session",
    define: ["C6"],
    means:
      "no cookie for a session that others have ended, and none for an id from before a sign-in within the grace",
  },
  {
    name: "C7",
    model: "session",
    define: ["C7"],
    means:
      "one request at a time is in its exclusive part, a late write of a holder is refused, and a lock is free once its time is over",
  },
  {
    name: "U1",
    model: "users",
    define: [],
    means:
      "after a revocation of all, nothing that was signed in before it is left; whatever is signed in is in the user’s list",
  },
  {
    name: "U2",
    model: "watch",
    define: [],
    means:
      "who watches is told within a second where nothing fails, and within the lease otherwise; where nothing fails, only what has ended is told of",
  },
];

/**
 * The conditions, each with the promise that breaks without it. `processes`: how many it takes, if not two. `playable`: whether the tests
 * can play the way there, because it has only calls of the store.
 */
export const WEAKENED = [
  {
    define: "NO_BASE_VERSION",
    breaks: "C1",
    without: "`patch`: `baseVersion`",
    what: "the data of whoever saves last replaces all",
  },
  {
    define: "DELETE_ANYHOW",
    playable: true,
    breaks: "C1",
    without: "`delete`: `ifVersion`",
    what: "the removal of the last known key deletes what others have stored",
  },
  {
    define: "NO_IF_VERSION",
    playable: true,
    breaks: "C2",
    without: "`patch`: `ifVersion`",
    what: "an increment of what was read a while ago",
  },
  {
    define: "UPSERT",
    playable: true,
    breaks: "C3",
    without: "`patch`, `touch`: only if it is there",
    what: "a write stores what is gone again",
  },
  {
    define: "TOUCH_REVIVES",
    playable: true,
    breaks: "C3",
    without: "`touch`: only if it has not expired",
    what: "a touch moves a deadline that has passed",
  },
  {
    define: "NO_IF_SECRET_HASH",
    playable: true,
    breaks: "C4",
    without: "`patch`: `ifSecretHash`",
    what: "two rotations of one id both take effect",
  },
  {
    define: "ROTATES_IN_TWO",
    breaks: "C4",
    without: "secret and rights in one step",
    what: "the secret is stored first, and the rights after it",
  },
  {
    define: "NO_IF_EPOCH",
    playable: true,
    breaks: "C5",
    without: "`patch`: `ifEpoch`",
    what: "a write begun under the old rights",
  },
  {
    define: "NO_PREVIOUS_EPOCH",
    playable: true,
    breaks: "C5",
    without: "`previousEpoch`",
    what: "the grace of an id outlives a change of rights",
  },
  {
    define: "GRACE_STAYS",
    playable: true,
    breaks: "C5",
    without: "`previousUntil`",
    what: "the grace of an id has no end",
  },
  {
    define: "GRACE_ELEVATES",
    playable: true,
    breaks: "C5",
    without: "`refuseGrace` of a commit",
    what: "an id within its grace changes the rights",
  },
  {
    define: "LATE_REMOVAL",
    breaks: "C6",
    without: "the answer of `delete`",
    what: "a second logout removes the cookie too",
  },
  {
    define: "LATE_COOKIE",
    breaks: "C6",
    without: "the answer `ended` of `patch`",
    what: "a rotation sends its cookie whatever the store answers",
  },
  {
    define: "SUPERSEDED_IS_NEW",
    playable: true,
    breaks: "C6",
    without: "`superseded`",
    what: "the id from before a sign-in begins a session of its own",
  },
  {
    define: "NO_IF_FENCE",
    playable: true,
    breaks: "C7",
    without: "`patch`: `ifFence`",
    what: "a holder writes after its time",
  },
  {
    define: "LOCKED_IS_FREE",
    playable: true,
    breaks: "C7",
    without: "`lock`: `busy`",
    what: "a lock that somebody has is given away",
  },
  {
    define: "LOCK_STAYS",
    playable: true,
    breaks: "C7",
    without: "`lock`: its seconds",
    what: "the lock of a holder that died stays",
  },
  {
    define: "RELOCK_ANY",
    processes: 3,
    playable: true,
    breaks: "C7",
    without: "`relock`: its number",
    what: "a holder releases the lock of the next one",
  },
  {
    define: "INDEX_LATER",
    breaks: "U1",
    without: "the list first, then the record",
    what: "a sign-in is stored before its user’s list is told",
  },
  {
    define: "STORES_LATE",
    breaks: "U1",
    without: "a sign-in is refused after 30 s",
    what: "it is stored when the list may have dropped it",
  },
  {
    define: "FORGETS_UNSETTLED",
    breaks: "U1",
    without: "an entry of the list stays for 60 s",
    what: "what is not stored yet is dropped",
  },
  {
    define: "FORGETS_TOLD_AGAIN",
    breaks: "U1",
    without: "an entry is dropped as it was seen",
    what: "it was told of again meanwhile",
  },
  {
    define: "FORGETS_ENDED",
    breaks: "U1",
    without: "an ended entry is marked",
    what: "a driver that heard nothing sends its sign-in again",
  },
  {
    define: "REVOKES_ANYBODY",
    breaks: "U1",
    without: "`revokeUser`: only that user’s",
    what: "what is listed is ended, though it is another user’s by now",
  },
  {
    define: "NOTICE_LATER",
    breaks: "U2",
    without: "the notice within the step",
    what: "whoever ends a session dies before telling",
  },
  {
    define: "NO_ROUND",
    breaks: "U2",
    without: "to ask after the channel was lost",
    what: "what ended in between is missed",
  },
  {
    define: "ROUND_OF_ANSWER",
    breaks: "U2",
    without: "an answer counts from its question",
    what: "the channel was lost and opened while it came",
  },
  { define: "NO_SILENCE", breaks: "U2", without: "beats", what: "a channel that is cut looks open" },
  {
    define: "BEATS_OVERTAKE",
    breaks: "U2",
    without: "beats on the way of the notices",
    what: "beats are heard, and notices are lost",
  },
  { define: "NO_LEASE", breaks: "U2", without: "`watchLease`", what: "the store never answers again" },
];
