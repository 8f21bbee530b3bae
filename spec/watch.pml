/*
 * Who watches a session is told when it ends (src/core/watcher.ts, end-line.ts, asking.ts). One process watches; N - 1 others end the
 * session, or change its rights, and may die at any step. The channel of the store may be lost, with or without a word of it; the
 * store may not answer questions. Time goes in ticks of a quarter of a second, as the watcher's timer does, with the numbers of the
 * code. What is not lost arrives before the next tick but one.
 */

#ifndef N
#define N 3
#endif
/* In ticks. The lease is the shortest that the option watchLease takes, or a longer one. */
#define BEAT 2
#define SILENCE 8
#define INTERVAL 3
#ifndef LEASE
#define LEASE 8
#endif
/* For how long an answer is waited for; how long after its end a session is told of where everything works, and where nothing does. */
#define SECOND 4
#define PATIENCE 2
#define AT_MOST (LEASE + PATIENCE + 2)
/* After so many ticks without a failure, everything works. */
#define CALM 15
/* Of an age, more than some number does not matter. */
#define OLDER(age, most) age = (age < most -> age + 1 : most)
#define OLD (LEASE + 1)

#include "tell.pml"

/* How often something fails at most; or as often as it likes, because nobody counts. */
#ifdef FAILURES
#define MAY_FAIL (faults < FAILURES)
#define FAILED faults++
#else
#define MAY_FAIL true
#define FAILED skip
#endif
/* The session has this many ticks left, again after each use; or it has no deadline. */
#ifndef LIFE
#define LIFE 4
#endif
#define FOREVER 255
#define SOONER(age, other) age = (other < age -> other : age)

/* The store: the session, its rights and the ticks until its deadline. */
bit there = 1;
byte epoch;
byte left;

/* The channel: what is on its way to the watcher. A beat brings the age that it has when it arrives. */
bit subscribed;
bit cut;
bit noticeEnd;
byte noticeEpoch;
bit beats;
byte beatAge;

/* The watcher. Ages count from what they are named after. */
bit watching;
byte known;
byte deadline;
bit up;
bit isOpen;
byte heard = OLD;
byte beaten;
byte seen;
byte asked = INTERVAL;
bit synced;
/* It was in step with the channel before this one, which was last heard this long ago. */
bit syncedBefore;
byte heardBefore = OLD;
/* A question under way: 1 asked, 2 answered and not arrived; and through which channel its answer is in step: this one, or the one before. */
byte question;
byte questionAge;
byte questionOf;
#define THIS 1
#define BEFORE 2
bit slow;
/* The store answers nothing. */
bit down;
bit answerThere;
byte answerEpoch;
byte answerLeft;
bit isTold;

/* What is judged: how long ago the session ended for those that watch, and whether something failed since a while before. */
#define NEVER 255
byte over = NEVER;
byte faults;
byte calm = CALM;

#define ENDED (over != NEVER)
#ifdef BEATS_OUTLIVE
#define BEATS_COUNT true
#else
#define BEATS_COUNT (deadline > 0)
#endif

inline endsNow() {
  if :: watching && !ENDED -> over = 0 :: else fi
}

inline fails() {
  tell(" %c", 'f');
  FAILED;
  calm = 0
}

inline noQuestion() {
  question = 0; questionAge = 0; questionOf = 0; slow = 0; answerThere = 0; answerEpoch = 0; answerLeft = 0;
  if :: syncedBefore :: else -> heardBefore = OLD fi
}

inline noChannel() {
  up = 0; isOpen = 0; subscribed = 0; cut = 0;
  noticeEnd = 0; noticeEpoch = 0;
  beats = 0; beatAge = 0;
  heard = OLD; beaten = 0
}

inline notBefore() {
  syncedBefore = 0; heardBefore = OLD
}

/* Then all has been said, and nothing else happens. */
inline tellWatch() {
  /* Where everything works, only what has ended is told of. */
  assert(ENDED || calm < CALM);
  isTold = 1;
  watching = 0; synced = 0;
  noChannel();
  notBefore();
  noQuestion();
  there = 0; left = 0; epoch = 0; known = 0; deadline = 0; seen = 0; asked = 0;
  down = 0; faults = 0; calm = 0; over = NEVER
}

/* Lost: another one is opened, and what was seen until now is to be asked for. */
inline lose() {
  if
  :: isOpen ->
     syncedBefore = synced;
     questionOf = (questionOf == THIS -> BEFORE : 0);
     heardBefore = (syncedBefore || questionOf == BEFORE -> heard : OLD)
  :: else
  fi;
#ifndef NO_ROUND
  synced = 0;
#endif
  noChannel()
}

/* The store tells whoever listens, within the step that does it. */
inline notice() {
  if
  :: subscribed && !cut -> if :: !there -> noticeEnd = 1 :: else -> noticeEpoch = epoch fi
  :: else
  fi
}

proctype Ender(bit rights) {
end_:
  atomic {
    there && left > 0 ->
    tell(" %c", 'e');
    if :: rights -> epoch++ :: else -> there = 0 fi;
    endsNow();
#ifndef NOTICE_LATER
    notice()
#endif
  };
#ifdef NOTICE_LATER
end_later:
  atomic { !isTold -> notice() }
#endif
}

/* Another process uses the session once, which moves its deadline. */
proctype Visitor() {
end_:
  atomic { there && left > 0 && left != FOREVER -> left = LIFE }
}

proctype Network() {
end_:
  do
  /* The channel is cut, and looks as if it were open; or its client says so. */
  :: atomic { subscribed && !cut && MAY_FAIL -> fails(); cut = 1; noticeEnd = 0; noticeEpoch = 0; beats = 0; beatAge = 0 }
  :: atomic { up && MAY_FAIL -> fails(); lose() }
#ifdef BEATS_OVERTAKE
  /* Notices are lost, and beats are not. */
  :: atomic { (noticeEnd || noticeEpoch > 0) && MAY_FAIL -> fails(); noticeEnd = 0; noticeEpoch = 0 }
#endif
  /* What is on its way arrives, in its order: a beat is behind all notices of what was before it. */
  :: atomic {
       noticeEnd -> noticeEnd = 0;
       tell(" %c", 'n');
       if :: watching -> tellWatch() :: else fi
     }
  :: atomic {
       noticeEpoch > 0 ->
       tell(" %c", 'n');
       if :: watching && noticeEpoch > known -> tellWatch() :: else fi;
       noticeEpoch = 0
     }
  :: atomic {
       beats && !noticeEnd && noticeEpoch == 0 -> beats = 0;
       tell(" %c", 'b');
       isOpen = 1;
       SOONER(heard, beatAge);
       beatAge = 0
     }
  /* The store answers a question, or fails. */
  :: atomic {
       question == 1 && !down -> question = 2;
       tell(" %c", 'q');
       answerThere = (there && left > 0);
       answerEpoch = epoch;
       answerLeft = left
     }
  :: atomic { question > 0 && (down || MAY_FAIL) -> if :: down :: else -> fails() fi; noQuestion() }
  :: atomic { question > 0 && !slow && MAY_FAIL -> fails(); slow = 1 }
  :: atomic { !down && !isTold && MAY_FAIL -> fails(); down = 1 }
  :: atomic { down -> down = 0; calm = 0 }
  :: atomic {
       question == 2 ->
       tell(" %c", 'a');
       if
       :: !watching
       :: watching && !answerThere -> tellWatch()
       :: watching && answerThere && answerEpoch > known -> tellWatch()
       :: else ->
          SOONER(seen, questionAge);
#ifdef ROUND_OF_ANSWER
          if :: isOpen -> synced = 1; notBefore() :: else fi;
#else
          if
          :: questionOf == THIS -> synced = 1; notBefore()
          :: questionOf == BEFORE && !synced -> syncedBefore = 1
          :: else
          fi;
#endif
          deadline = answerLeft
       fi;
       noQuestion()
     }
  od
}

/* One tick of the watcher's timer, and of everybody's clock. */
inline tick() {
  /* Time. */
  tell(" %c", 'T');
  if
  :: left > 0 && left != FOREVER -> left--; if :: left == 0 && there -> endsNow() :: else fi
  :: else
  fi;
  if :: deadline > 0 && deadline != FOREVER -> deadline-- :: else fi;
  if :: down -> calm = 0 :: else fi;
  OLDER(calm, CALM); OLDER(seen, OLD); OLDER(asked, INTERVAL); OLDER(heardBefore, OLD);
  if :: up -> OLDER(heard, OLD); OLDER(beaten, BEAT) :: else fi;
  if :: beats -> OLDER(beatAge, OLD) :: else fi;
  if :: question > 0 -> OLDER(questionAge, OLD) :: else fi;
  if :: ENDED -> over++ :: else fi;
  /* The channel. */
  if
#ifndef NO_SILENCE
  :: up && heard > SILENCE -> lose()
#endif
  :: up && heard <= SILENCE && beaten >= BEAT ->
     beaten = 0;
     if :: !cut && !beats -> beats = 1; beatAge = 0 :: else fi
  :: else
  fi;
  /* The session. */
  if
  :: !watching
  :: else ->
     if
     /* Beats tell of ends, and not of a deadline that has passed. */
     :: BEATS_COUNT && isOpen && synced -> SOONER(seen, heard)
     :: BEATS_COUNT && !(isOpen && synced) && syncedBefore -> SOONER(seen, heardBefore)
     :: else
     fi;
     if
#ifndef NO_LEASE
     :: seen > LEASE -> tellWatch()
#endif
     :: else ->
        if
        :: !(isOpen && synced && deadline > 0) && asked >= INTERVAL && question == 0 ->
           asked = 0;
           question = 1;
           questionAge = 0;
           questionOf = (isOpen -> THIS : 0)
        :: else
        fi
     fi
  fi;
  /* U2 */
  assert(!ENDED || over <= AT_MOST);
  assert(!ENDED || over <= SECOND || calm < CALM)
}

proctype Watcher() {
  byte read, itsLeft;
  /* A request reads its session; what it does before it watches takes a while. */
end_:
  atomic { there && left > 0 -> read = epoch; itsLeft = left };
  atomic {
    tell(" %c", 'w');
    watching = 1;
    known = read;
    deadline = itsLeft;
    seen = 0;
    /* It may have ended in between. */
    if :: !there || left == 0 || epoch > read -> over = 0 :: else fi;
    read = 0;
    itsLeft = 0
  };
end_more:
  do
  :: atomic { !up && watching -> up = 1; subscribed = 1; cut = 0; heard = 0; beaten = 0; beats = 1; beatAge = 0 }
  /* Nothing waits longer than a tick. */
  :: atomic { watching && !(noticeEnd || noticeEpoch > 0 || beats) && (question == 0 || (slow && questionAge < PATIENCE)) -> tick() }
  od
}

init {
  byte n;
  atomic {
    if :: left = LIFE :: left = FOREVER fi;
    run Network();
    run Watcher();
    run Visitor();
    for (n : 2 .. N) {
      run Ender(n == 3)
    }
    n = 0
  }
}
