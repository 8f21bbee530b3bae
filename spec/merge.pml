/*
 * What a request has no use for any more is forgotten as soon as that is so: then states that differ in nothing else are one, and there
 * are a fifth as many with two processes, and fewer still with three. Each of these says what is left of what the request has seen. With
 * -DWHOLE nothing is forgotten before a request ends, as a check of this file: two processes are looked at so.
 */

#ifdef WHOLE

#define keepNothing() skip
#define keepTries() skip
#define keepRights() skip
#define keepForTouch() skip
#define keepLock() skip
#define keepFence() skip
#define keepHead() skip
#define keepVersion() skip
#define keepUpdate() skip
#define keepAllData() skip
#define keepData() skip
#define keepChanges() skip
#define keepNoProgram() skip

#else

/* A session that has expired is as good as deleted. Not where just that is judged. */
#ifndef C3
#define EXPIRED_IS_GONE
#endif

#define NO_HEAD verdict = unknown; answer = none; secret = 0; user = 0; reported = 0
#define NO_DATA keys = 0; count = 0; turns = 0; newKeys = 0; newCount = 0; newTurns = 0

inline keepNothing() {
  d_step { NO_HEAD; NO_DATA; NO_VERSION; due = 0; epoch = 0; tries = 0 }
}

/* How often it has tried to note that an old id was used. */
inline keepTries() {
  d_step { NO_HEAD; NO_DATA; NO_VERSION; due = 0; epoch = 0 }
}

/* The epoch of what it opened; and what it knows of its lock. */
inline keepRights() {
  d_step { NO_HEAD; NO_DATA; NO_VERSION; due = 0 }
}

inline keepForTouch() {
  d_step {
    NO_HEAD; NO_DATA; NO_VERSION; due = 0;
    if :: program == EXCLUSIVE :: else -> epoch = 0 fi
  }
}

inline keepLock() {
  d_step { NO_HEAD; NO_DATA; NO_VERSION; due = 0; waited = 0 }
}

inline keepFence() {
  d_step { NO_HEAD; NO_DATA; NO_VERSION; due = 0; epoch = 0; renewed = 0 }
}

/* To note that an old id was used. */
inline keepHead() {
  d_step { verdict = unknown; answer = none; secret = 0; user = 0; due = 0; NO_DATA }
}

/* To delete, if nobody else has changed anything. */
inline keepVersion() {
  d_step { NO_HEAD; due = 0; count = 0; turns = 0; newKeys = 0; newCount = 0; newTurns = 0 }
}

/* To store an incremented number. */
inline keepUpdate() {
  d_step { NO_HEAD; due = 0; keys = 0; newKeys = 0; turns = 0; newTurns = 0 }
}

/* To delete, or else to store. */
inline keepAllData() {
  d_step { NO_HEAD; due = 0 }
}

/*
 * To store. Of the data, the changes alone: as long as nobody else has changed it, the whole text is what they make of what is stored.
 */
#define ONLY_CHANGES \
  newKeys = newKeys ^ keys; \
  keys = keys & newKeys; \
  newKeys = newKeys & ~keys; \
  if \
  :: newCount == count -> newCount = 0; count = 0 \
  :: newCount != count && newCount > 0 -> count = 0 \
  :: else -> count = 1 \
  fi; \
  if \
  :: newTurns == turns -> newTurns = 0; turns = 0 \
  :: newTurns != turns && newTurns > 0 -> turns = 0 \
  :: else -> turns = 1 \
  fi

inline keepData() {
  d_step { ONLY_CHANGES; NO_HEAD; NO_VERSION; due = 0 }
}

/* And with a new secret. */
inline keepChanges() {
  d_step { ONLY_CHANGES; NO_VERSION; user = 0; due = 0; answer = none }
}

inline keepNoProgram() {
  program = 0
}

#endif
