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

/* Ages of what the index was told, in ticks of 30 seconds. */
#define LATE 1
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

/* Ann's index: which sessions it names, how long ago it was told of each, and how often it has been told. */
bit listed[SESSIONS];
byte age[SESSIONS];
byte told[SESSIONS];

/* How long ago each process has told the index. */
byte since[N];

/* What is known from outside: how often Ann has signed in to each, as it was stored. */
byte signIns[SESSIONS];

/* Whatever is Ann's can be found. */
inline judge(h) {
  assert(!(session[h].there && session[h].user == ANN) || listed[h])
}

/* To die, or to give up, is to do nothing any more: so a failure counts only if something is tried again. */
#define MAY_FAIL :: atomic { attempt < ATTEMPTS -> goto failed }

#include "tell.pml"

#define SIGN_IN_ANN 0
#define SIGN_IN_BOB 1
#define LOGOUT 2
#define PROGRAMS (3 * SESSIONS + 1)

/* Drops a session from the index, unless it was told of it again since it was looked at. */
inline drop(h, seen) {
  if
#ifdef FORGETS_TOLD_AGAIN
  :: listed[h] ->
#else
  :: listed[h] && told[h] == seen ->
#endif
     listed[h] = 0;
     age[h] = 0
  :: else
  fi
}

proctype Server(byte me; byte what) {
  byte attempt, h, seen[SESSIONS], before[SESSIONS], stamp;
  byte found, ended, settled;

begin:
  attempt++;
  if
  :: what == PROGRAMS - 1 -> goto revoke
  :: else -> h = what / 3
  fi;
  if
  :: what % 3 == LOGOUT -> goto logout
  :: what % 3 == SIGN_IN_BOB -> goto store
  :: else
  fi;
#ifdef INDEX_LATER
  goto store;
#endif

tell: /* The index first. */
  if
  MAY_FAIL
  :: atomic {
       tell(" %d:list", me);
       listed[h] = 1;
       age[h] = 0;
       told[h]++;
       since[me] = 0;
#ifdef INDEX_LATER
       goto told_;
#endif
     }
  fi;

store: /* Then the record: a new one, or the one that is there. */
  if
  MAY_FAIL
  :: atomic {
       true;
       if
#ifndef STORES_LATE
       /* What the index was told of too long ago is refused. */
       :: what % 3 == SIGN_IN_ANN && since[me] >= LATE -> goto failed
#endif
       :: else
       fi;
       tell(" %d:store", me);
       session[h].there = 1;
       session[h].user = (what % 3 == SIGN_IN_ANN -> ANN : BOB);
       if :: what % 3 == SIGN_IN_ANN -> signIns[h]++ :: else fi;
#ifndef INDEX_LATER
       judge(h);
#endif
       if
       :: true
       :: attempt < ATTEMPTS -> goto failed
       /* The driver sends it again, and the index is not told again. */
       :: attempt < ATTEMPTS -> attempt++; goto store
       fi;
#ifdef INDEX_LATER
       if :: what % 3 == SIGN_IN_ANN -> goto tell :: else fi;
#endif
       goto dead
     }
  fi;
#ifdef INDEX_LATER
told_:
  judge(h);
#endif
  goto dead;

logout:
  if
  MAY_FAIL
  :: atomic {
       tell(" %d:logout", me);
       ended = (session[h].there && session[h].user == ANN);
       session[h].there = 0;
       session[h].user = NOBODY;
       stamp = told[h];
       settled = (age[h] >= SETTLED);
       if :: !ended -> goto dead :: true :: attempt < ATTEMPTS -> goto failed fi
     }
  fi;
  /* Dropped at once only if nobody can store it again; marked, which is no dropping, if somebody may. */
  if
  :: atomic {
       tell(" %d:drop", me);
       if
#ifdef FORGETS_ENDED
       :: true -> drop(h, stamp)
#else
       :: settled -> drop(h, stamp)
       :: else
#endif
       fi;
       goto dead
     }
  fi;

revoke: /* All of Ann's: what the index names is ended one by one, if it is hers. */
  if
  MAY_FAIL
  :: atomic {
       tell(" %d:look", me);
       for (h : 0 .. SESSIONS - 1) {
         before[h] = (session[h].there && session[h].user == ANN -> signIns[h] : 0);
         seen[h] = told[h];
         found = found | (listed[h] << h);
         if :: age[h] >= SETTLED -> settled = settled | BIT(h) :: else fi
       }
       h = 0
     }
  fi;
one:
  if
  :: h < SESSIONS && !(found & BIT(h)) -> h++; goto one
  :: h < SESSIONS && (found & BIT(h)) ->
     if
        MAY_FAIL
     :: atomic {
          tell(" %d:end", me);
          if
#ifdef REVOKES_ANYBODY
          :: session[h].there ->
             assert(session[h].user == ANN);
#else
          :: session[h].there && session[h].user == ANN ->
#endif
             session[h].there = 0;
             session[h].user = NOBODY;
             ended = ended | BIT(h)
          :: else
          fi;
          if :: true :: attempt < ATTEMPTS -> goto failed fi;
          h++
        }
     fi;
     goto one
  :: else -> h = 0
  fi;
forget: /* What was found dead, or has been ended: but not what may be stored yet. */
  if
  :: atomic {
       tell(" %d:drop", me);
       for (h : 0 .. SESSIONS - 1) {
         if
#ifdef FORGETS_UNSETTLED
         :: (found & BIT(h)) -> drop(h, seen[h])
#else
         :: (found & BIT(h)) && (settled & BIT(h)) -> drop(h, seen[h])
#endif
         :: else
         fi;
         judge(h);
         /* Acknowledged: of what was signed in before, nothing is left, unless Ann signed in to it again since. */
         assert(before[h] == 0 || !session[h].there || session[h].user != ANN || signIns[h] != before[h])
       }
       goto dead
     }
  fi;

failed: /* The client tries again, or gives up. */
  if
  :: attempt >= ATTEMPTS -> goto dead
  :: attempt < ATTEMPTS -> h = 0; found = 0; ended = 0; settled = 0; stamp = 0;
     before[0] = 0; before[1] = 0; seen[0] = 0; seen[1] = 0; goto begin
  fi;

dead:
  atomic {
    attempt = 0; h = 0; found = 0; ended = 0; settled = 0; stamp = 0;
    before[0] = 0; before[1] = 0; seen[0] = 0; seen[1] = 0
  };
end_:
  false
}

proctype Clock() {
  byte ticks, h;
  do
  :: atomic {
       ticks < TICKS -> ticks++;
       tell(" %c", 'T');
       for (h : 0 .. SESSIONS - 1) {
         if :: listed[h] && age[h] < SETTLED -> age[h]++ :: else fi
       }
       for (h : 0 .. N - 1) {
         if :: since[h] < LATE -> since[h]++ :: else fi
       }
       h = 0
     }
  :: atomic { ticks = 0; break }
  od;
end_:
  false
}

init {
  byte n, what;
  atomic {
    /* One session is nobody's yet, or Ann's, of whom the index was told long ago. */
    if
    :: true
    :: session[0].there = 1
    :: session[0].there = 1; session[0].user = ANN; listed[0] = 1; age[0] = SETTLED; told[0] = 1; signIns[0] = 1
    /* A sign-in that was never stored. */
    :: listed[0] = 1; age[0] = SETTLED; told[0] = 1
    fi;
    for (n : 0 .. N - 1) {
      select(what : what .. PROGRAMS - 1);
      run Server(n, what)
    }
    run Clock();
    n = 0;
    what = 0
  }
}
