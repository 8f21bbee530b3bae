/*
 * Who watches a session is told when it ends (src/core/watcher.ts, end-line.ts, asking.ts). One process watches; N - 1 others end the
 * session, or change its rights, and may die at any step. The channel of the store may be lost, with or without a word of it; the
 * store may not answer questions. Time goes in ticks of a quarter of a second, as the watcher's timer does, with the numbers of the
 * code. What is not lost arrives before the next tick but one.
 */

#ifndef N
#define N 3
#endif
/* In ticks. The lease is the shortest that the option watchLease takes. */
#define BEAT 2
#define SILENCE 8
#define INTERVAL 3
#define LEASE 8
/* For how long an answer is waited for; how long after its end a session is told of where everything works, and where nothing does. */
#define SECOND 4
#define PATIENCE 2
#define AT_MOST (LEASE + PATIENCE + 2)
/* Of an age, more does not matter. */
#define OLD 15
#define OLDER(age) age = (age < OLD -> age + 1 : OLD)

#include "tell.pml"

/* How often something fails. */
#ifndef FAILURES
#define FAILURES 2
#endif
#ifndef LIFE
#define LIFE 4
#endif

/* The store: the session, its rights and the ticks until its deadline. */
bit there = 1;
byte epoch;
byte left = LIFE;

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
byte asked = OLD;
bit synced;
/* It was in step with the channel before this one, which was last heard this long ago. */
bit syncedBefore;
byte heardBefore = OLD;
/* A question under way: 1 asked, 2 answered and not arrived. */
byte question;
byte questionAge;
bit questionSynced;
bit slow;
/* The store answers nothing. */
bit down;
bit answerThere;
byte answerEpoch;
byte answerLeft;
bit isTold;

/* What is judged: how long ago the session ended for those that watch, and whether something failed since a while before. */
byte over = 255;
byte faults;
byte calm = OLD;

#define ENDED (over != 255)
#ifdef BEATS_OUTLIVE
#define BEATS_COUNT true
#else
#define BEATS_COUNT (deadline > 0)
#endif

inline endsNow() {
  if :: watching && !isTold && over == 255 -> over = 0 :: else fi
}

inline fails() {
  tell(" %c", 'f');
  faults++;
  calm = 0
}

inline noQuestion() {
  question = 0; questionAge = 0; questionSynced = 0; slow = 0; answerThere = 0; answerEpoch = 0; answerLeft = 0
}

inline tellWatch() {
  isTold = 1;
  watching = 0
}

/* Lost: another one is opened, and what was seen until now is to be asked for. */
inline lose() {
  if :: isOpen -> syncedBefore = synced; heardBefore = heard :: else fi;
  up = 0;
  isOpen = 0;
#ifndef NO_ROUND
  synced = 0;
#endif
  subscribed = 0;
  cut = 0;
  noticeEnd = 0;
  noticeEpoch = 0;
  beats = 0;
  beatAge = 0;
  heard = OLD;
  beaten = 0
}

/* The store tells whoever listens, within the step that does it. */
inline notice() {
  if
  :: subscribed && !cut -> if :: !there -> noticeEnd = 1 :: else -> noticeEpoch = epoch fi
  :: else
  fi
}

proctype Ender(bit rights) {
  if
  :: true -> goto dead
  :: atomic {
       there && left > 0 ->
       tell(" %c", 'e');
       if :: rights -> epoch++ :: else -> there = 0 fi;
       endsNow();
#ifndef NOTICE_LATER
       notice()
#endif
     }
  fi;
#ifdef NOTICE_LATER
  if
  :: goto dead
  :: true -> notice()
  fi;
#endif
dead:
  skip
}

/* Another process uses the session once, which moves its deadline. */
proctype Visitor() {
  if
  :: atomic { there && left > 0 -> left = LIFE }
  :: true
  fi
}

proctype Network() {
end_:
  do
  /* The channel is cut, and looks as if it were open; or its client says so. */
  :: atomic { subscribed && !cut && faults < FAILURES -> fails(); cut = 1; noticeEnd = 0; noticeEpoch = 0; beats = 0; beatAge = 0 }
  :: atomic { up && faults < FAILURES -> fails(); lose() }
#ifdef BEATS_OVERTAKE
  /* Notices are lost, and beats are not. */
  :: atomic { (noticeEnd || noticeEpoch > 0) && faults < FAILURES -> faults++; noticeEnd = 0; noticeEpoch = 0 }
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
       heard = (beatAge < heard -> beatAge : heard);
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
  :: atomic { question > 0 && (down || faults < FAILURES) -> if :: down :: else -> fails() fi; noQuestion() }
  :: atomic { question > 0 && !slow && faults < FAILURES -> fails(); slow = 1 }
  :: atomic { !down && faults < FAILURES -> fails(); down = 1 }
  :: atomic { down -> down = 0; calm = 0 }
  :: atomic {
       question == 2 ->
       tell(" %c", 'a');
       if
       :: !watching
       :: watching && !answerThere -> tellWatch()
       :: watching && answerThere && answerEpoch > known -> tellWatch()
       :: else ->
          seen = (questionAge < seen -> questionAge : seen);
#ifdef ROUND_OF_ANSWER
          if :: isOpen -> synced = 1; syncedBefore = 0 :: else fi;
#else
          if :: questionSynced -> synced = 1; syncedBefore = 0 :: else fi;
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
  if :: left > 0 -> left-- ; if :: left == 0 && there -> endsNow() :: else fi :: else fi;
  if :: deadline > 0 -> deadline-- :: else fi;
  if :: down -> calm = 0 :: else fi;
  OLDER(heard); OLDER(beaten); OLDER(seen); OLDER(asked); OLDER(heardBefore); OLDER(calm);
  if :: beats -> OLDER(beatAge) :: else fi;
  if :: question > 0 -> OLDER(questionAge) :: else fi;
  if :: ENDED && !isTold -> OLDER(over) :: else fi;
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
     :: BEATS_COUNT && isOpen && synced -> seen = (heard < seen -> heard : seen)
     :: BEATS_COUNT && !(isOpen && synced) && syncedBefore -> seen = (heardBefore < seen -> heardBefore : seen)
     :: else
     fi;
     if
#ifndef NO_LEASE
     /* Where the store answers, only what has ended ends. */
     :: seen > LEASE -> assert(ENDED || calm < OLD); tellWatch()
#endif
     :: else ->
        if
        :: !(isOpen && synced && deadline > 0) && asked >= INTERVAL && question == 0 ->
           asked = 0;
           question = 1;
           questionAge = 0;
           questionSynced = isOpen
        :: else
        fi
     fi
  fi;
  /* U2 */
  assert(!ENDED || isTold || over <= AT_MOST);
  assert(!ENDED || isTold || over <= SECOND || calm < OLD)
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
  :: atomic { !(noticeEnd || noticeEpoch > 0 || beats) && (question == 0 || (slow && questionAge < PATIENCE)) -> tick() }
  od
}

init {
  byte n;
  atomic {
    run Network();
    run Watcher();
    run Visitor();
    for (n : 2 .. N) {
      run Ender(n == 3)
    }
    n = 0
  }
}
