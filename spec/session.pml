/*
 * Requests of one session in N processes at once. Between any two calls of the store, every other process may go on, a process may
 * die, a call may fail, or take effect and its answer be lost; then the client tries again, or gives up. What a request does is what
 * src/core does with it: the label of each part names the file.
 */

#include "store.pml"

#ifndef ATTEMPTS
#define ATTEMPTS 2
#endif
#ifndef TICKS
#define TICKS 2
#endif

#if defined(C4) || defined(C5)
#define RIGHTS
#endif

/* What a request does, as numbers, so that of those that differ only in who does what, one is enough. */
#define WRITE 1
#define READ 2
#define ROTATE 3
#define ELEVATE 4
#define SIGN_IN 5
#define LOGOUT 6
#define DRAIN 7
#define REPLACE 8
#define UPDATE 9
#define EXCLUSIVE 10
#define REVOKE_ALL 11
#define REVOKE_ONE 12
#define PROGRAMS 12

/* What its cookie is worth. */
mtype = { live, grace, superseded, reused, expired, unknown };
/* What it is answered with. */
mtype = { none, token, ownToken, removal };

#define OPENED (verdict == live || verdict == grace)
#define EMPTY (keys == 0 && count == 0 && turns == 0)

#include "promises.pml"
#include "tell.pml"
#include "merge.pml"

/*
 * A process may die before any of its calls, a call may fail, and an answer may be lost. To be dead is to do nothing any more, and so
 * is to give up: whatever the others can do then, they can also do while it waits for its turn. So where all that can happen is looked
 * at, nobody dies, and of failures only those count after which a process does something else: it tries again, or goes on without. With
 * -DTELL all of them are told, and in each walk there are at most FAULTS of them.
 */
/* With -DRETRIES there are at most so many second requests; else each process may have one. */
#ifdef RETRIES
byte retries;
#define AGAIN (attempt < ATTEMPTS && retries < RETRIES)
#define MAY_BEGIN (attempt == 0 || retries < RETRIES)
#define BEGINS if :: attempt > 0 -> retries++ :: else fi
#else
#define AGAIN (attempt < ATTEMPTS)
#define MAY_BEGIN true
#define BEGINS skip
#endif

#ifdef TELL
byte faults, allowed;
#define FAULT faults < allowed -> faults++
#define MAY_DIE :: atomic { FAULT; tell(" %dx", p); goto left }
#define MAY_FAIL(then) :: atomic { FAULT; tell(" %df", p); then }
/* Most answers arrive. */
#define ANSWERED_OR(then) if :: skip :: skip :: skip :: skip :: FAULT; tell("%c", '~'); then fi
#define GIVES_UP true
#define STAY_DEAD skip
#else
#define MAY_DIE
#define MAY_FAIL(then) :: atomic { AGAIN -> then }
#define ANSWERED_OR(then) if :: skip :: AGAIN -> then fi
#define GIVES_UP !AGAIN
#define STAY_DEAD false
#endif
/* What a process goes on without. */
#ifdef TELL
#define MAY_MISS(then) MAY_FAIL(then)
#define HEARD_OR(then) ANSWERED_OR(then)
#else
#define MAY_MISS(then) :: atomic { true -> then }
#define HEARD_OR(then) skip
#endif

inline see() {
  SEEN_VERSION(SHARED);
  reported = record[SHARED].reported;
  keys = record[SHARED].keys;
  count = record[SHARED].count;
  turns = record[SHARED].turns;
  newKeys = keys;
  newCount = count;
  newTurns = turns
}

/* Looks at the record, as core/load.ts judges it, and notes what a request knows of it. */
inline look() {
  d_step {
    if
    :: !record[SHARED].there -> verdict = unknown; held = 0
    :: record[SHARED].there && record[SHARED].idle == 0 -> verdict = expired
    :: else ->
       if
       :: held == record[SHARED].secret -> verdict = live
       :: held == record[SHARED].previous ->
          if
          :: !(record[SHARED].recent & BIT(held)) -> verdict = reused
#ifdef NO_PREVIOUS_EPOCH
          :: else -> verdict = grace
#else
          :: else -> verdict = (record[SHARED].previousEpoch == record[SHARED].epoch -> grace : superseded)
#endif
          fi
       :: else -> verdict = (record[SHARED].recent & BIT(held) -> superseded : reused)
       fi
    fi;
    epoch = record[SHARED].epoch;
    secret = record[SHARED].secret;
    user = record[SHARED].user;
    due = OPENED && LEAST(IDLE, record[SHARED].absolute) > record[SHARED].idle;
    see()
  }
}

/* The same of a session that is open already: core/read-again.ts. */
inline lookAgain() {
  d_step {
    if
    :: !LIVE(SHARED) -> answer = ended
    :: LIVE(SHARED) && record[SHARED].epoch != epoch -> answer = stale
    :: else ->
       answer = ok;
       see()
    fi
  }
}

/* The request is over for its server. */
inline forget() {
  d_step {
    verdict = unknown;
    epoch = 0; secret = 0; NO_VERSION; user = 0; reported = 0; due = 0;
    keys = 0; count = 0; turns = 0; newKeys = 0; newCount = 0; newTurns = 0;
    fence = 0; waited = 0; renewed = 0; error = 0; tries = 0;
    cookie = none; answer = none;
    forgetOwnNotes()
  }
}

/* A patch of the shared session, with what is judged of it. */
inline patch(ifVersion, ifSecret, ifFence, what) {
  judgeBefore();
  patchRecord(SHARED, epoch, ifVersion, ifSecret, ifFence, version, what);
  tellPatch(ifVersion, ifSecret, ifFence, what);
  if
  :: answer == ok || answer == merged -> judgePatch(what)
  :: else -> staysOver()
  fi
}

inline delete(ifVersion) {
  judgeBefore();
  deleteRecord(SHARED, ifVersion);
  tellDelete(ifVersion);
#ifdef C1
  /* Whoever removes the last key that he knows of removes none that he does not know of. */
  assert(ifVersion == ANY || answer == no || (kept & ~keys) == 0);
#endif
  if :: answer == yes -> nowOver() :: else fi;
  staysOver()
}

/* Nothing else depends on a session of its own, so that it is kept only where it is told. */
inline create(whose, itsKeys, itsCount, itsTurns) {
#ifdef TELL
  createRecord(OWN(p, attempt), whose, itsKeys, itsCount, itsTurns);
#endif
  tell(" %dc", p)
}

/* What the server answers with; then see `answered`. */
inline respond(what) {
  cookie = what;
  goto answered
}

#define fail() goto failed

/* After a touch. */
inline goOn() {
  if :: program == EXCLUSIVE -> keepRights(); goto lock :: else -> respond(none) fi
}

/* After exclusive use. */
inline afterwards() {
  if :: error -> fail() :: else -> respond(none) fi
}

/* Secret and rights have changed. */
inline settle() {
#ifdef ROTATES_IN_TWO
  goto secondStep
#else
  respond(token)
#endif
}

/* The deadline is moved, if it is time for that. */
#define TOUCH_OR(then) if :: due -> keepForTouch(); goto touch :: else -> then fi

#define beginOwn() goto beginsOwn

proctype Request(byte p; byte program) {
  byte held = 1, attempt = 0;
  mtype verdict = unknown, answer = none, cookie = none;
  byte epoch, secret, version, keys, count, turns, newKeys, newCount, newTurns, fence, tries, h;
  MASK reported;
  bit user, due, waited, renewed, error;
#ifdef C5
  byte begun;
#endif
#ifdef C6
  bit opened, replacedByRights, late;
#endif

end_begin:
begin: /* core/load.ts */
  if
  MAY_DIE
  :: atomic {
       MAY_BEGIN;
       BEGINS;
       attempt++;
       if
       :: program == REVOKE_ALL -> goto everywhere
       :: program == REVOKE_ONE -> goto lookUp
       :: else
       fi;
       look();
       tell(" %dr", p); tellVerdict();
       judgeLoad();
       if
       :: verdict == reused && !(reported & BIT(held)) -> keepHead(); goto note
#ifndef SUPERSEDED_IS_NEW
       :: verdict == superseded && program != SIGN_IN -> respond(none)
#endif
       :: OPENED
       :: else -> beginOwn()
       fi;
       if
       :: program == WRITE || (program == ROTATE && verdict == grace) ->
          if
          :: !(keys & BIT(p)) -> newKeys = keys | BIT(p); keepData(); goto save
          :: else -> TOUCH_OR(respond(none))
          fi
       :: program == READ -> TOUCH_OR(respond(none))
       :: program == ROTATE && verdict == live -> newKeys = keys | BIT(p); keepChanges(); goto renew
       :: program == ELEVATE ->
#ifndef GRACE_ELEVATES
          if :: verdict == grace -> respond(none) :: else fi;
#endif
          keepChanges();
          goto raise
       :: program == SIGN_IN -> if :: verdict == grace -> keepNothing(); goto own :: else -> keepChanges(); goto sign fi
       :: program == LOGOUT -> keepNothing(); goto logOut
       :: program == DRAIN ->
          if
          :: !EMPTY ->
             newKeys = 0; newCount = 0; newTurns = 0;
             if
             :: user -> keepData(); goto save
             :: else -> keepAllData(); goto drainOut
             fi
          :: else -> TOUCH_OR(respond(none))
          fi
       :: program == REPLACE -> keepVersion(); goto replaceAll
       :: program == UPDATE -> keepRights(); goto again
       :: program == EXCLUSIVE -> TOUCH_OR(keepRights(); goto lock)
       fi
     }
  fi;

note: /* core/reuse.ts: an error is no reason to fail, and after three attempts it is let be */
  if
  MAY_DIE
  MAY_MISS(beginOwn())
  :: atomic {
       true;
       patchHead(SHARED, epoch, version, held);
       tell(" %dn", p); tellAnswer();
       staysOver();
       HEARD_OR(beginOwn());
       tries++;
       if :: answer == stale && tries < 3 -> keepTries() :: else -> beginOwn() fi
     }
  fi;
  if
  MAY_DIE
  MAY_MISS(beginOwn())
  :: atomic {
       true;
       look();
       tell(" %dr", p); tellVerdict();
#ifdef TELL
       /* Some stores tell of what has expired, and some do not. */
       if :: verdict == expired -> tell(" %c", '?') :: else fi;
#endif
       verdict = reused;
       if
       :: LIVE(SHARED) && !(reported & BIT(held)) -> keepHead(); goto note
       :: else -> beginOwn()
       fi
     }
  fi;

own: /* core/renew.ts, create: a session of its own */
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       true;
       if
       :: program == SIGN_IN -> create(1, keys, count, turns)
       :: program == WRITE || program == ROTATE -> create(0, BIT(p), 0, 0)
       :: program == UPDATE -> create(0, 0, 1, 0)
       :: program == EXCLUSIVE -> create(0, 0, 0, 1)
       fi;
       ANSWERED_OR(fail());
       respond(ownToken)
     }
  fi;

touch: /* core/commit.ts: an error is no reason to fail */
  if
  MAY_DIE
  MAY_MISS(goOn())
  :: atomic {
       judgeBefore();
       touchCall(SHARED);
       tell(" %dt", p); tellAnswer();
       staysOver();
       HEARD_OR(goOn());
       goOn()
     }
  fi;

save: /* core/commit.ts */
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       patch(ANY, ANY, ANY, STAYS);
       ANSWERED_OR(fail());
       respond(none)
     }
  fi;

renew: /* core/renew.ts, rotate */
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       patch(ANY, secret, ANY, RENEWS);
       ANSWERED_OR(fail());
       if
       :: answer == ok || answer == merged -> secret = secrets; respond(token)
       :: answer == stale -> keepData(); goto save
#ifdef LATE_COOKIE
       :: else -> respond(token)
#else
       :: else -> respond(none)
#endif
       fi
     }
  fi;

raise:
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       patch(ANY, secret, ANY, RAISES);
       ANSWERED_OR(fail());
       if
       :: answer == ok || answer == merged -> secret = secrets; settle()
       :: answer == stale -> keepRights(); goto refused
       :: else -> respond(none)
       fi
     }
  fi;
refused: /* core/renew.ts, refuseStale: looks why, and stores nothing either way */
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       true;
       lookAgain();
       tell(" %da", p); tellAnswer();
       respond(none)
     }
  fi;

sign:
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       patch(ANY, secret, ANY, SIGNS_IN);
       ANSWERED_OR(fail());
       if
       :: answer == ok || answer == merged -> secret = secrets; settle()
       :: answer == stale -> keepNothing(); goto own
       :: else -> respond(none)
       fi
     }
  fi;

#ifdef ROTATES_IN_TWO
secondStep:
  atomic {
    tell(" %dz", p);
    newRights(SHARED, (program == SIGN_IN -> SIGNS_IN : RAISES));
    respond(token)
  };
#endif

logOut: /* core/end.ts */
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       delete(ANY);
       ANSWERED_OR(fail());
#ifdef LATE_REMOVAL
       respond(removal)
#else
       respond((answer == yes -> removal : none))
#endif
     }
  fi;

drainOut:
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       delete(version);
       ANSWERED_OR(fail());
       if :: answer == yes -> respond(removal) :: else -> keepData(); goto save fi
     }
  fi;

replaceAll: /* `request.session = {}` */
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       delete(version);
       ANSWERED_OR(fail());
       if :: answer == yes -> respond(removal) :: else -> keepRights() fi
     }
  fi;
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       true;
       lookAgain();
       tell(" %da", p); tellAnswer();
       if
       :: answer == ok -> keepVersion(); goto replaceAll
       :: answer == ended -> keepNothing(); goto logOut
       :: else -> respond(none)
       fi
     }
  fi;

again: /* core/change.ts */
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       true;
       lookAgain();
       tell(" %da", p); tellAnswer();
       if :: answer == ok -> newCount = MORE(count); keepUpdate() :: else -> respond(none) fi
     }
  fi;
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       patch(version, ANY, ANY, STAYS);
       ANSWERED_OR(fail());
       if
       :: answer == stale -> keepRights(); goto again
       :: else -> respond(none)
       fi
     }
  fi;

lock: /* core/lock.ts */
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       judgeBefore();
       lockRecord(SHARED);
       tell(" %dl", p); tellAnswer();
       judgeLock();
       ANSWERED_OR(outside(); fail());
       if
       :: answer == yes -> keepLock()
       :: answer == busy && !waited -> keepRights(); goto wait
       :: else -> respond(none)
       fi
     }
  fi;
  if /* core/exclusive.ts: reads it anew */
  MAY_DIE
  MAY_MISS(error = 1; keepFence(); goto unlock)
  :: atomic {
       true;
       lookAgain();
       tell(" %da", p); tellAnswer();
       judgeAlone();
       if :: answer == ok -> newTurns = MORE(turns); keepData() :: else -> keepFence(); goto unlock fi
     }
  fi;
alone:
  if
  MAY_DIE
  MAY_MISS(error = 1; keepFence(); goto unlock)
  :: atomic {
       !renewed -> renewed = 1;
       relockRecord(SHARED, fence, 1);
       tell(" %dk", p); tellAnswer();
       judgeRelock(1);
       HEARD_OR(skip);
       keepData(); goto alone
     }
  :: atomic {
       patch(ANY, ANY, fence, STAYS);
       if :: answer == ok || answer == merged -> judgeExclusive() :: else fi;
       ANSWERED_OR(error = 1; keepFence(); goto unlock);
       keepFence(); goto unlock
     }
  fi;
unlock: /* an error is no reason to fail: the lock then runs out */
  if
  MAY_DIE
  MAY_MISS(outside(); afterwards())
  :: atomic {
       true;
       relockRecord(SHARED, fence, 0);
       tell(" %du", p); tellAnswer();
       judgeRelock(0);
       outside();
       HEARD_OR(afterwards());
       afterwards()
     }
  fi;

wait: /* until it is free, or the wait limit has passed: then it asks once more */
  if
  MAY_DIE
  :: atomic { !LIVE(SHARED) || !record[SHARED].locked -> tell(" %d.", p); goto lock }
  :: atomic { waited = 1; tell(" %d,", p); goto lock }
  fi;

everywhere: /* core/revoked.ts */
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       tell(" %dv", p);
       for (h : 0 .. RECORDS - 1) {
         if
         :: LIVE(h) && record[h].user ->
            clearRecord(h);
            tell("%d", h);
            if :: h == SHARED -> nowOver() :: else fi
         :: else
         fi
       }
       h = 0;
       staysOver();
       ANSWERED_OR(fail());
       respond(none)
     }
  fi;

lookUp:
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       tell(" %dr", p); tellThere();
       if :: LIVE(SHARED) :: else -> respond(none) fi
     }
  fi;
  if
  MAY_DIE
  MAY_FAIL(fail())
  :: atomic {
       delete(ANY);
       ANSWERED_OR(fail());
       respond(none)
     }
  fi;

  /* What all of the above go on with, in the same step: nothing begins here. */
  atomic {
    false;
beginsOwn: /* A session of its own, for whoever has none. */
    keepNothing();
    keys = 0; count = 0; turns = 0;
    if
    :: program == SIGN_IN || program == WRITE || program == ROTATE || program == UPDATE || program == EXCLUSIVE -> goto own
    :: program == LOGOUT -> cookie = removal
    :: else -> cookie = none
    fi;
answered: /* The answer arrives, or not; and the client may ask again, with the cookie that it has then. */
    judgeAnswer();
    if
    :: GIVES_UP -> tell(" %d=", p); tellCookie(); goto left
    :: AGAIN && (cookie == none || cookie == token) ->
       tell(" %d=", p); tellCookie();
       if :: cookie == token -> held = secret :: else fi
    :: AGAIN && cookie != none ->
       tell(" %d=", p); tellCookie(); tell("%c", '~')
    fi;
    forget();
    goto begin;
failed: /* The client is told, and tries again, or gives up. */
    tell(" %d=e", p);
    if
    :: AGAIN -> forget(); goto begin
    :: GIVES_UP
    fi;
left: /* The request is over for its process. */
    forget();
    held = 0;
    attempt = 0;
    keepNoProgram()
  };

end_:
  STAY_DEAD
}

/* Time on the store's clock. */
proctype Clock() {
  byte ticks, h;
end_:
  do
  :: atomic {
       ticks < TICKS -> ticks++;
       tell(" %c", 'T');
       for (h : 0 .. RECORDS - 1) {
         if
         :: record[h].there && record[h].idle == 1 && h == SHARED ->
            ageRecord(h);
#ifdef EXPIRED_IS_GONE
            clearRecord(h);
#endif
            nowOver()
         :: else -> ageRecord(h)
         fi
       }
       h = 0;
       judgeTick()
     }
#ifdef TELL
  :: atomic { ticks = 0; break }
#endif
  od
}

init {
  byte n, program = 1;
  bit whose;
#ifdef TELL
  short walk;
again:
#endif
  atomic {
    if :: whose = 0 :: whose = 1 fi;
    record[SHARED].there = 1;
    record[SHARED].user = whose;
#ifdef WHOLE
    record[SHARED].version = 1;
#endif
    record[SHARED].secret = 1;
    record[SHARED].keys = BIT(N);
    record[SHARED].idle = IDLE;
    record[SHARED].absolute = ABSOLUTE;
#ifdef C4
    owned = whose;
#endif
#ifdef TELL
    if :: allowed = 0 :: FAULTS > 0 -> allowed = 1 :: FAULTS > 1 -> allowed = 2 fi;
#endif
    tellBegin();
    for (n : 0 .. N - 1) {
      choose(program);
      run Request(n, program)
    }
    run Clock();
    n = 0;
    whose = 0;
    program = 1
  }
#ifdef TELL
  atomic { _nr_pr == 1 -> tellEnd(); startAnew() }
  if :: walk < WALKS -> walk++; goto again :: else fi
#endif
}
