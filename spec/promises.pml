/*
 * The promises, judged from outside: what is noted here for that is no part of a store or a server, and nothing else looks at it.
 * Each is compiled in by its own name, as in -DC3, so that each is checked over all that can happen, and alone.
 */

/* The session that all share has ended. */
bit over;
/* How often its rights have changed. */
byte rights;

#ifdef C1
byte kept = BIT(N);
#endif
#ifdef C2
byte counted;
#endif
#ifdef C4
MASK won;
bit owned;
#endif
#ifdef C5
/* Secrets that a change of rights has ended; that were replaced in this tick; whose grace is over. */
MASK dead;
MASK replaced;
MASK past;
#endif
#ifdef C6
/* Secrets that were replaced in this tick; those of them that have lost their rights. */
MASK replacedNow;
MASK lostRights;
#endif
#ifdef C7
/* Who is between lock and unlock, and whose time has not run out; whether the lock is rightly taken; since whose look nobody else wrote. */
byte inside;
bit taken;
byte undisturbed;
#endif

/* The shared session is over: by a deletion, or by a deadline. */
inline nowOver() {
  over = 1;
  /* Nothing else can be said of it. */
  forgetShared()
}

/* C3. After each step. */
inline staysOver() {
#ifdef C3
  assert(!over || !LIVE(SHARED))
#else
  skip
#endif
}

/* A request has read its session. */
inline judgeLoad() {
#ifdef C4
  /* Whoever looks finds the old session or the new one, whole. */
  assert(over || verdict == unknown || (record[SHARED].epoch == rights && record[SHARED].user == owned));
#endif
#ifdef C5
  begun = rights;
  assert(!OPENED || !(dead & BIT(held)));
  assert(!OPENED || !(past & BIT(held)));
  assert(!LIVE(SHARED) || !(past & BIT(held)) || verdict == reused);
#endif
#ifdef C6
  opened = OPENED;
  replacedByRights = LIVE(SHARED) && (lostRights & BIT(held));
#endif
  staysOver()
}

/* A patch of the shared session took effect. */
inline judgePatch(what) {
#ifdef C1
  kept = (kept & ~(keys & ~newKeys)) | (newKeys & ~keys);
  assert((record[SHARED].keys & kept) == kept);
#endif
#ifdef C2
  if
  :: newCount > count -> counted++
  :: newCount < count -> counted = 0
  :: else
  fi;
  assert(record[SHARED].count == counted);
#endif
#ifdef C4
  if
  :: what == STAYS
  :: else ->
     assert(!(won & BIT(secret)));
     won = won | BIT(secret);
     if :: what == SIGNS_IN -> owned = 1 :: else fi
  fi;
#endif
#ifdef C5
  /* What began under the old rights is discarded. */
  assert(begun == rights);
  /* Only the current id changes the rights. */
  assert(what < RAISES || verdict == live);
  if
  :: what == STAYS
  :: else ->
     replaced = replaced | BIT(record[SHARED].previous);
     if :: what >= RAISES -> dead = dead | (BIT(secrets) - 1) :: else fi
  fi;
#endif
#ifdef C6
  if :: what != STAYS -> replacedNow = replacedNow | BIT(record[SHARED].previous) :: else fi;
  if :: what >= RAISES -> lostRights = replacedNow :: else fi;
#endif
#ifdef RIGHTS
  if :: what >= RAISES -> rights++ :: else fi;
#endif
  staysOver()
}

/* The server answers, with a cookie or without one. */
inline judgeAnswer() {
#ifdef C6
  /* Not for a session that somebody else has ended before this request's last step, and none in the place of that of a sign-in. */
  assert(cookie == none || program == SIGN_IN || !(opened && late));
  assert(cookie == none || program == SIGN_IN || !replacedByRights)
#else
  skip
#endif
}

/* Before each step of a request on its session. */
inline judgeBefore() {
#ifdef C6
  late = over
#else
  skip
#endif
}

inline judgeLock() {
#ifdef C7
  if
  :: answer == yes ->
     assert(inside == 0);
     inside = BIT(p);
     taken = 1
  :: answer == busy -> assert(taken)
  :: else
  fi
#else
  skip
#endif
}

inline judgeRelock(stays) {
#ifdef C7
  if
  :: stays && answer == yes ->
     assert((inside & ~BIT(p)) == 0);
     inside = BIT(p);
     taken = 1
  :: !stays && answer == yes -> taken = 0
  :: else
  fi
#else
  skip
#endif
}

/* The request has left its exclusive part. */
inline outside() {
#ifdef C7
  inside = inside & ~BIT(p);
  undisturbed = undisturbed & ~BIT(p)
#else
  skip
#endif
}

/* It has read the session under its lock. */
inline judgeAlone() {
#ifdef C7
  undisturbed = undisturbed | BIT(p)
#else
  skip
#endif
}

/* What it read under its lock is what it changed: nobody else's exclusive part was in between. */
inline judgeExclusive() {
#ifdef C7
  assert(undisturbed & BIT(p));
  undisturbed = BIT(p)
#else
  skip
#endif
}

inline judgeTick() {
#ifdef C5
  past = past | replaced;
  replaced = 0;
#endif
#ifdef C6
  replacedNow = 0;
  lostRights = 0;
#endif
#ifdef C7
  inside = 0;
  taken = 0;
#endif
  staysOver()
}

/* What was noted of the session is of no use when it has ended: nothing of it is there that could be judged. */
inline forgetShared() {
#ifdef RIGHTS
  rights = 0;
#endif
#ifdef C1
  kept = 0;
#endif
#ifdef C2
  counted = 0;
#endif
#ifdef C4
  won = 0; owned = 0;
#endif
#ifdef C5
  dead = 0; replaced = 0; past = 0;
#endif
#ifdef C6
  replacedNow = 0; lostRights = 0;
#endif
  skip
}

/* What was noted of a request is of no use when it is over. */
inline forgetOwnNotes() {
#ifdef C5
  begun = 0;
#endif
#ifdef C6
  opened = 0; replacedByRights = 0; late = 0;
#endif
  skip
}

/* Before the next walk. */
inline forgetNotes() {
  over = 0;
  forgetShared();
#ifdef C1
  kept = BIT(N);
#endif
#ifdef C7
  inside = 0; taken = 0; undisturbed = 0;
#endif
  skip
}
