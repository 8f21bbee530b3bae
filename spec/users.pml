/*
 * The sessions of a user, and how they are found, where the store cannot change a record and a list of its user in one step: Redis
 * (src/backends/_redis/user-index.ts) and stores with compare-and-swap (src/backends/_cas/user-index.ts). The index is told of a
 * sign-in before that is stored, so it may name sessions that are not there, and misses none that is. What it names in vain is
 * dropped, by whoever finds it, once the sign-in that it was told of can no longer be stored.
 *
 * N processes, each of which does one thing to one of two sessions, or to all of Ann's. Between any two steps others may go on, a
 * process may die, a step may fail, or take effect and its answer be lost: then the driver sends it again, the client tries again,
 * or gives up.
 */

#ifndef N
#define N 3
#endif
#ifndef ATTEMPTS
#define ATTEMPTS 2
#endif
#ifndef TICKS
#define TICKS 3
#endif
#define SESSIONS 2

/* A tick is 30 seconds: a sign-in is refused one after the index was told of it, and what it was told of stays for two. */
#define SETTLED 2

#define NOBODY 0
#define ANN 1
#define BOB 2

#define BIT(n) (1 << (n))

typedef Session {
  bit there;
  byte user;
};
Session session[SESSIONS];

/* Ann's index: which sessions it names, and how long ago it was told of each. */
bit listed[SESSIONS];
byte age[SESSIONS];

/* Sets of processes: who has looked at the entry of a session since the index was told of it. */
byte asSeen[SESSIONS];
/* Who has told the index, and not stored yet; and of these, for whom it is too late. */
byte underWay;
byte late;

/* What is known from outside: who looked while a session was Ann's, and she has not signed in to it again since. */
byte wasAnns[SESSIONS];

/* Whatever is Ann's can be found. */
inline judge(h) {
  assert(!(session[h].there && session[h].user == ANN) || listed[h])
}

#include "tell.pml"

#define SIGN_IN_ANN 0
#define SIGN_IN_BOB 1
#define LOGOUT 2
#define PROGRAMS (3 * SESSIONS)
#define REVOKE PROGRAMS

/* To die, or to give up, is to do nothing any more, which whoever may try again can do too. So a failure counts only before that. */
#define AGAIN (attempt + 1 < ATTEMPTS)
#define MAY_FAIL :: atomic { AGAIN -> tryAgain() }

inline forget() {
  h = 0; found = 0; settled = 0;
  for (h : 0 .. SESSIONS - 1) {
    asSeen[h] = asSeen[h] & ~BIT(me);
    wasAnns[h] = wasAnns[h] & ~BIT(me)
  }
  h = 0;
  underWay = underWay & ~BIT(me);
  late = late & ~BIT(me)
}

inline tryAgain() {
  forget();
  attempt++;
  goto begin
}

/* The client has its answer, or has not heard it; or it asks once more. */
inline done() {
  if
  :: AGAIN -> tryAgain()
  :: else ->
     forget();
     attempt = 0;
     what = 0;
     goto end_
  fi
}

inline tellIndex() {
  tell(" %d:list", me);
  listed[h] = 1;
  age[h] = 0;
  asSeen[h] = 0;
  underWay = underWay | BIT(me);
  late = late & ~BIT(me)
}

/* Drops a session from the index, unless it was told of it again since it was looked at. */
inline drop(h) {
  if
#ifdef FORGETS_TOLD_AGAIN
  :: listed[h] ->
#else
  :: listed[h] && (asSeen[h] & BIT(me)) ->
#endif
     listed[h] = 0;
     age[h] = 0;
     asSeen[h] = 0
  :: else
  fi
}

/* The next session that the index has named. */
inline next() {
  do
  :: h < SESSIONS && !(found & BIT(h)) -> h++
  :: else -> break
  od
}

proctype Server(byte me; byte what) {
  byte attempt, h, found, settled;

begin:
  if
#ifndef INDEX_LATER
  :: atomic { what != REVOKE && what % 3 == SIGN_IN_ANN -> h = what / 3; tellIndex() }
#else
  :: atomic { what != REVOKE && what % 3 == SIGN_IN_ANN -> h = what / 3 }
#endif
  :: atomic { what != REVOKE && what % 3 == SIGN_IN_BOB -> h = what / 3 }
  :: atomic { what != REVOKE && what % 3 == LOGOUT -> h = what / 3; goto logout }
  :: atomic { what == REVOKE -> goto revoke }
  fi;
store: /* After the index, the record: a new one, or the one that is there. */
  if
  MAY_FAIL
  :: atomic {
       true;
#ifndef STORES_LATE
       /* What the index was told of too long ago is refused. */
       if :: late & BIT(me) -> done() :: else fi;
#endif
       tell(" %d:store", me);
       session[h].there = 1;
       session[h].user = (what % 3 == SIGN_IN_ANN -> ANN : BOB);
       if :: what % 3 == SIGN_IN_ANN -> wasAnns[h] = 0 :: else fi;
#ifdef INDEX_LATER
       if :: what % 3 == SIGN_IN_ANN -> goto later :: else fi;
#endif
       judge(h);
       if
       :: done()
       /* The driver sends it again, and the index is not told again. */
       :: AGAIN -> attempt++; goto store
       fi
     }
  fi;
#ifdef INDEX_LATER
later:
  atomic { tellIndex(); judge(h); done() };
#endif

logout:
  if
  MAY_FAIL
  :: atomic {
       true;
       tell(" %d:logout", me);
       found = session[h].there && session[h].user == ANN;
       session[h].there = 0;
       session[h].user = NOBODY;
       asSeen[h] = asSeen[h] | BIT(me);
#ifdef FORGETS_ENDED
       settled = 1;
#else
       /* Dropped only if nobody can store it again; marked, which is no dropping, if somebody may. */
       settled = (age[h] >= SETTLED);
#endif
       if :: !found || !settled -> done() :: else fi
     }
  fi;
  atomic {
    tell(" %d:drop", me);
    drop(h);
    done()
  };

revoke: /* All of Ann's: what the index names is ended one by one, if it is hers. */
  if
  MAY_FAIL
  :: atomic {
       true;
       tell(" %d:look", me);
       for (h : 0 .. SESSIONS - 1) {
         if :: session[h].there && session[h].user == ANN -> wasAnns[h] = wasAnns[h] | BIT(me) :: else fi;
         if
         :: listed[h] ->
            found = found | BIT(h);
            asSeen[h] = asSeen[h] | BIT(me);
            if :: age[h] >= SETTLED -> settled = settled | BIT(h) :: else fi
         :: else
         fi
       }
       h = 0;
       next()
     }
  fi;
one:
  if
  :: atomic { h < SESSIONS && AGAIN -> tryAgain() }
  :: atomic {
       h < SESSIONS ->
       tell(" %d:end", me);
       if
#ifdef REVOKES_ANYBODY
       :: session[h].there ->
          assert(session[h].user == ANN);
#else
       :: session[h].there && session[h].user == ANN ->
#endif
          session[h].there = 0;
          session[h].user = NOBODY
       :: else
       fi;
       h++;
       next();
       goto one
     }
  /* What was found dead, or has been ended, is dropped: but not what may be stored yet. */
  :: atomic {
       h == SESSIONS ->
       tell(" %d:drop", me);
       for (h : 0 .. SESSIONS - 1) {
         if
#ifdef FORGETS_UNSETTLED
         :: (found & BIT(h)) -> drop(h)
#else
         :: (found & BIT(h)) && (settled & BIT(h)) -> drop(h)
#endif
         :: else
         fi;
         judge(h);
         /* Acknowledged: of what was signed in before, nothing is left, unless Ann signed in to it again since. */
         assert(!(wasAnns[h] & BIT(me)) || !session[h].there || session[h].user != ANN)
       }
       done()
     }
  fi;

end_:
  false
}

proctype Clock() {
  byte ticks, h;
end_:
  do
  :: atomic {
       ticks < TICKS -> ticks++;
       tell(" %c", 'T');
       for (h : 0 .. SESSIONS - 1) {
         if :: listed[h] && age[h] < SETTLED -> age[h]++ :: else fi
       }
       h = 0;
       late = underWay
     }
  od
}

init {
  byte n, what;
  atomic {
    /* One session is nobody's yet, or Ann's, of whom the index was told long ago. */
    if
    :: true
    :: session[0].there = 1
    :: session[0].there = 1; session[0].user = ANN; listed[0] = 1; age[0] = SETTLED
    /* A sign-in that was never stored. */
    :: listed[0] = 1; age[0] = SETTLED
    fi;
    for (n : 0 .. N - 1) {
      select(what : what .. PROGRAMS);
      run Server(n, what)
    }
    run Clock();
    n = 0;
    what = 0
  }
}
