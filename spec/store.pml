/*
 * What the store keeps under one handle, and what each call of the contract (src/backends/backend.ts) does to it. Each inline is
 * one call, and runs in one atomic step of whoever includes this file.
 *
 * Every condition of a call has a switch that takes it away, so that it can be shown what it protects. The list of switches with
 * the property that each of them breaks is in spec/properties.js.
 *
 * Time is counted in ticks. One tick is longer than the grace of a rotation and than a lock, and shorter than the idle timeout:
 * a session that nobody uses for two ticks has expired, and so has one that is ABSOLUTE ticks old.
 */

#ifndef N
#define N 3
#endif
#define IDLE 2
#define ABSOLUTE 3
/* The session that every request brings, and two that each process can begin, which are kept only where they are told of. */
#define SHARED 0
#ifdef TELL
#define RECORDS (1 + 2 * N)
#else
#define RECORDS 1
#endif
#define OWN(p, attempt) (1 + 2 * (p) + (attempt) - 1)
#define ANY 255

#if defined(TELL) || defined(NO_BASE_VERSION)
#define WHOLE
#endif

#define BIT(n) (1 << (n))
#define MASK short

/*
 * Where all states are looked at, and not told of, numbers that are only compared are kept as what the comparison says: whether nobody
 * has changed anything since a process looked, and who locked last.
 */
#ifdef WHOLE
#define CHANGED(h) record[h].version++
#define SAME_VERSION(h, v) (record[h].version == (v))
#define SEEN_VERSION(h) version = record[h].version
#define NO_VERSION version = 0
#define NEXT_FENCE(h) record[h].fence + 1
#define MORE(number) (number) + 1
#else
#define CHANGED(h) record[h].unchanged = 0
#define SAME_VERSION(h, v) (record[h].unchanged & BIT(p))
#define SEEN_VERSION(h) record[h].unchanged = record[h].unchanged | BIT(p)
#define NO_VERSION record[SHARED].unchanged = record[SHARED].unchanged & ~BIT(p)
#define NEXT_FENCE(h) p + 1
/* How often something was counted is judged by C2 alone. */
#ifdef C2
#define MORE(number) (number) + 1
#else
#define MORE(number) 1
#endif
#endif
#define LEAST(a, b) ((a) < (b) -> (a) : (b))

mtype = { ok, merged, ended, stale, busy, yes, no };

typedef Record {
  bit there;
  /* 1: Ann's. 0: nobody's. */
  bit user;
  byte epoch;
#ifdef WHOLE
  byte version;
#else
  byte unchanged;
#endif
  byte secret;
  byte previous;
  byte previousEpoch;
  /* Secrets that were replaced less than the grace ago. */
  MASK recent;
  /* Secrets whose use after that was reported. */
  MASK reported;
  /* The data: a set of keys, and two numbers. */
  byte keys;
  byte count;
  byte turns;
  byte fence;
  bit locked;
  /* Ticks until either deadline. */
  byte idle;
  byte absolute;
};

Record record[RECORDS];
byte secrets = 1;

#define LIVE(h) (record[h].there && record[h].idle > 0)

#ifdef NO_IF_EPOCH
#define EPOCH_IS(h, e) true
#else
#define EPOCH_IS(h, e) (record[h].epoch == (e))
#endif

#ifdef NO_IF_VERSION
#define VERSION_IS(h, v) true
#else
#define VERSION_IS(h, v) ((v) == ANY || SAME_VERSION(h, v))
#endif

#ifdef NO_IF_SECRET_HASH
#define SECRET_IS(h, s) true
#else
#define SECRET_IS(h, s) ((s) == ANY || record[h].secret == (s))
#endif

#ifdef NO_IF_FENCE
#define FENCE_IS(h, f) true
#else
#define FENCE_IS(h, f) ((f) == ANY || record[h].fence == (f))
#endif

/* Where nobody's text is kept, and only its changes are (merge.pml), there is none to take over. */
#ifdef NO_BASE_VERSION
#define SAME_BASE(h, v) true
#elif !defined(WHOLE)
#define SAME_BASE(h, v) false
#else
#define SAME_BASE(h, v) SAME_VERSION(h, v)
#endif

#ifdef UPSERT
#define PATCHABLE(h) true
#define TOUCHABLE(h) true
#else
#define PATCHABLE(h) LIVE(h)
#ifdef TOUCH_REVIVES
#define TOUCHABLE(h) record[h].there
#else
#define TOUCHABLE(h) LIVE(h)
#endif
#endif

/* What a patch does besides its data. */
#define STAYS 0
#define RENEWS 1
#define RAISES 2
#define SIGNS_IN 3

inline touchRecord(h) {
  if
  :: LEAST(IDLE, record[h].absolute) > record[h].idle -> record[h].idle = LEAST(IDLE, record[h].absolute)
  :: else
  fi
}

/*
 * The patch's text is (newKeys, newCount, newTurns), made from the one that was seen (keys, count, turns) in the version `base`.
 * Where the record has another version, only what differs between the two is changed.
 */
inline changeData(h, base) {
  if
  :: SAME_BASE(h, base) ->
     record[h].keys = newKeys;
     record[h].count = newCount;
     record[h].turns = newTurns
  :: else ->
     record[h].keys = (record[h].keys & ~(keys & ~newKeys)) | (newKeys & ~keys);
     if :: newCount != count -> record[h].count = newCount :: else fi;
     if :: newTurns != turns -> record[h].turns = newTurns :: else fi
  fi
}

inline newSecret(h) {
  secrets++;
  record[h].previous = record[h].secret;
  record[h].previousEpoch = record[h].epoch;
  record[h].recent = record[h].recent | BIT(record[h].secret);
  record[h].secret = secrets
}

inline newRights(h, what) {
  record[h].epoch++;
  if
  :: what == SIGNS_IN ->
     record[h].user = 1;
     record[h].absolute = ABSOLUTE;
     record[h].idle = IDLE
  :: else
  fi
}

/* `what`: one of the four above. A rotation writes the head back as the request has seen it. */
inline patchRecord(h, ifEpoch, ifVersion, ifSecret, ifFence, base, what) {
  d_step {
    if
    :: !PATCHABLE(h) -> answer = ended
    :: PATCHABLE(h) && !(EPOCH_IS(h, ifEpoch) && VERSION_IS(h, ifVersion) && SECRET_IS(h, ifSecret) && FENCE_IS(h, ifFence)) ->
       answer = stale
    :: else ->
       answer = (SAME_BASE(h, base) -> ok : merged);
       changeData(h, base);
       CHANGED(h);
       record[h].there = 1;
       if
       :: what == STAYS
       :: else ->
          newSecret(h);
          record[h].reported = reported;
#ifndef ROTATES_IN_TWO
          if :: what >= RAISES -> newRights(h, what) :: else fi
#endif
       fi;
       touchRecord(h)
    fi
  }
}

/* The note that the use of an old id was reported. It moves no deadline. */
inline patchHead(h, ifEpoch, ifVersion, secretUsed) {
  d_step {
    if
    :: !LIVE(h) -> answer = ended
    :: LIVE(h) && !(EPOCH_IS(h, ifEpoch) && VERSION_IS(h, ifVersion)) -> answer = stale
    :: else ->
       answer = ok;
       CHANGED(h);
       record[h].reported = reported | BIT(secretUsed)
    fi
  }
}

inline createRecord(h, whose, itsKeys, itsCount, itsTurns) {
  d_step {
    record[h].there = 1;
    record[h].user = whose;
#ifdef WHOLE
    record[h].version = 1;
#endif
    record[h].keys = itsKeys;
    record[h].count = itsCount;
    record[h].turns = itsTurns;
    record[h].idle = IDLE;
    record[h].absolute = ABSOLUTE;
    answer = yes
  }
}

inline touchCall(h) {
  d_step {
    if
    :: TOUCHABLE(h) ->
       record[h].there = 1;
       touchRecord(h);
       answer = yes
    :: else -> answer = no
    fi
  }
}

/* What an ended session held is of no use to anybody, so that states which differ in it are one. */
inline clearRecord(h) {
  record[h].there = 0;
#ifndef UPSERT
  record[h].user = 0;
  record[h].epoch = 0;
#ifdef WHOLE
  record[h].version = 0;
#else
  record[h].unchanged = 0;
#endif
  record[h].secret = 0;
  record[h].previous = 0;
  record[h].previousEpoch = 0;
  record[h].recent = 0;
  record[h].reported = 0;
  record[h].keys = 0;
  record[h].count = 0;
  record[h].turns = 0;
  record[h].fence = 0;
  record[h].locked = 0;
  record[h].idle = 0;
  record[h].absolute = 0
#endif
}

/* Answers whether this call ended a live record. */
inline deleteRecord(h, ifVersion) {
  d_step {
    if
#ifdef DELETE_ANYHOW
    :: record[h].there ->
#else
    :: record[h].there && (ifVersion == ANY || SAME_VERSION(h, ifVersion)) ->
#endif
       answer = (LIVE(h) -> yes : no);
       clearRecord(h)
    :: else -> answer = no
    fi
  }
}

/* Sets `fence` to the number of the lock. */
inline lockRecord(h) {
  d_step {
    if
    :: !LIVE(h) -> answer = ended
#ifdef LOCKED_IS_FREE
    :: false -> answer = busy
#else
    :: LIVE(h) && record[h].locked -> answer = busy
#endif
    :: else ->
       record[h].fence = NEXT_FENCE(h);
       record[h].locked = 1;
       fence = record[h].fence;
       answer = yes
    fi
  }
}

/* `stays`: 1 to extend the lock, 0 to release it. */
inline relockRecord(h, itsFence, stays) {
  d_step {
    if
#ifdef RELOCK_ANY
    :: LIVE(h) ->
#else
    :: LIVE(h) && record[h].fence == itsFence ->
#endif
       record[h].locked = stays;
       answer = yes
    :: else -> answer = no
    fi
  }
}

/* A tick passes on the store's clock. */
inline ageRecord(h) {
  d_step {
    if
    :: record[h].there ->
       if :: record[h].idle > 0 -> record[h].idle-- :: else fi;
       if :: record[h].absolute > 0 -> record[h].absolute-- :: else fi;
       record[h].idle = LEAST(record[h].idle, record[h].absolute);
#ifndef GRACE_STAYS
       record[h].recent = 0;
#endif
#ifndef LOCK_STAYS
       record[h].locked = 0
#endif
    :: else
    fi
  }
}
