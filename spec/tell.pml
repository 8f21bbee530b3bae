/*
 * With -DTELL, what happens is printed, one line for each walk through the model, so that a test can do the same with the real
 * thing (test/spec). The letters are explained in test/spec/_steps.ts, which reads them. Without it, nothing is printed.
 */

#ifndef TELL

#define tell(...) skip
#define tellAnswer() skip
#define tellVerdict() skip
#define tellThere() skip
#define tellPatch(ifVersion, ifSecret, ifFence, what) skip
#define tellDelete(ifVersion) skip
#define tellCookie() skip
#define tellBegin() skip

/* Which programs are run, and the last of them. */
#ifndef VERBS
#define VERBS (BIT(PROGRAMS + 1) - 1)
#define LAST PROGRAMS
#endif

/* Of programs that differ only in which process does what, one is enough. */
inline choose(program) {
  do
  :: (VERBS >> program) & 1 -> break
  :: program < LAST -> program++
  od
}

#else

#define tell(...) printf(__VA_ARGS__)

inline tellAnswer() {
  if
  :: answer == ok -> printf("o")
  :: answer == merged -> printf("m")
  :: answer == ended -> printf("e")
  :: answer == stale -> printf("s")
  :: answer == busy -> printf("b")
  :: answer == yes -> printf("y")
  :: answer == no -> printf("n")
  fi
}

inline tellVerdict() {
  if
  :: verdict == live -> printf("L")
  :: verdict == grace -> printf("G")
  :: verdict == superseded -> printf("S")
  :: verdict == reused -> printf("R")
  :: verdict == expired || verdict == unknown -> printf("U")
  fi
}

inline tellThere() {
  if :: LIVE(SHARED) -> printf("Y") :: else -> printf("N") fi
}

inline tellPatch(ifVersion, ifSecret, ifFence, what) {
  if
  :: what == STAYS && ifVersion == ANY && ifFence == ANY -> printf(" %dw", p)
  :: what == STAYS && ifVersion != ANY -> printf(" %dp", p)
  :: what == STAYS && ifFence != ANY -> printf(" %dh", p)
  :: what == RENEWS -> printf(" %dg", p)
  :: what == RAISES -> printf(" %dq", p)
  :: what == SIGNS_IN -> printf(" %di", p)
  fi;
  tellAnswer()
}

inline tellDelete(ifVersion) {
  if :: ifVersion == ANY -> printf(" %dd", p) :: else -> printf(" %dD", p) fi;
  tellAnswer()
}

inline tellCookie() {
  if
  :: cookie == none -> printf("N")
  :: cookie == token -> printf("T")
  :: cookie == ownToken -> printf("O")
  :: cookie == removal -> printf("R")
  fi
}

inline tellBegin() {
  printf("%d", whose)
}

inline choose(program) {
  if
  :: program = WRITE
  :: program = READ
  :: program = ROTATE
  :: program = ELEVATE
  :: program = SIGN_IN
  :: program = LOGOUT
  :: program = DRAIN
  :: program = REPLACE
  :: program = UPDATE
  :: program = EXCLUSIVE
  :: program = REVOKE_ALL
  :: program = REVOKE_ONE
  fi;
  printf(",%d", program)
}

/* What is stored in the end: the shared session, and which of the others are there, with their user. */
inline tellEnd() {
  printf(" |%d", LIVE(SHARED));
  if
  :: LIVE(SHARED) ->
     printf(",%d,%d,%d,%d,%d", record[SHARED].user, record[SHARED].epoch, record[SHARED].version, record[SHARED].secret, record[SHARED].previous);
     printf(",%d,%d,%d,%d,%d,%d", record[SHARED].keys, record[SHARED].count, record[SHARED].turns, record[SHARED].fence, record[SHARED].locked, record[SHARED].idle)
  :: else
  fi;
  for (n : 1 .. RECORDS - 1) {
    if
    :: LIVE(n) -> printf(" %d,%d,%d,%d,%d", n, record[n].user, record[n].keys, record[n].count, record[n].turns)
    :: else
    fi
  }
  n = 0;
  printf("\n")
}

inline startAnew() {
  for (n : 0 .. RECORDS - 1) {
    clearRecord(n)
  }
  n = 0;
  secrets = 1;
  faults = 0;
  forgetNotes()
}

#endif
