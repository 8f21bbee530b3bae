/**
 * What a store with many live sessions goes through, second by second: a calculation from the measured costs. Each session makes a
 * request every `idle / requests` seconds on average; a lost primary, a mass logout and an outage come at set times.
 */

/** The seconds of the story, and how many sessions a mass logout ends. */
export const STORY = {
  seconds: 150,
  failover: { at: 20, seconds: 4 },
  logout: { at: 60, part: 0.05 },
  outage: { at: 90, seconds: 15 },
};

/** Who gets a 503 tries again this often, after this many seconds on average. */
export const RETRY = { part: 0.8, seconds: 3 };

/**
 * Returns for each second: requests that were answered and refused, and the busiest shard's cores. `costs` are µs at the store:
 * read, change, touch, end, signIn. `capacity` is the cores of a shard that may be used: 80 % of what it has.
 */
export function simulate({
  sessions,
  idle,
  requests,
  changes,
  touchThrottle,
  shards,
  costs,
  capacity = 0.8,
  story = STORY,
}) {
  const rate = (sessions * requests) / idle;
  const touches = Math.min(1 - changes, idle / touchThrottle / requests);
  const cost = costs.read + changes * costs.change + touches * costs.touch;
  const waiting = new Array(STORY.seconds + 60).fill(0);
  const seconds = [];
  for (let at = 0; at < STORY.seconds; at++) {
    const demand = rate + waiting[at];
    const isDown = within(story.outage, at);
    const lost = isDown ? demand : within(story.failover, at) ? demand / shards : 0;
    let work = ((demand - lost) * cost) / shards / 1e6;
    // All at once, in one second.
    const ended = at === story.logout.at ? sessions * story.logout.part : 0;
    work += (ended * costs.end) / shards / 1e6;
    // They come back within a minute.
    const isBack = at > story.logout.at && at <= story.logout.at + 60;
    const back = isBack ? (sessions * story.logout.part) / 60 : 0;
    work += (back * costs.signIn) / shards / 1e6;
    const over = work > capacity ? (demand - lost) * (1 - capacity / work) : 0;
    const refused = lost + over;
    seconds.push({ answered: demand - refused, refused, cores: Math.min(work, capacity / 0.8) });
    spread(waiting, at, refused * RETRY.part);
  }
  return { rate, seconds, recovery: recoveryOf(seconds) };
}

function within({ at, seconds }, now) {
  return now >= at && now < at + seconds;
}

/** They do not come back in the same second, but within twice the average. */
function spread(waiting, at, tries) {
  const most = 2 * RETRY.seconds;
  for (let later = 1; later <= most; later++) waiting[at + later] += tries / most;
}

/** Seconds after the outage until a second without a 503. */
export function recoveryOf(seconds) {
  const end = STORY.outage.at + STORY.outage.seconds;
  const good = seconds.findIndex(({ refused }, at) => at >= end && refused < 0.5);
  return good === -1 ? Number.POSITIVE_INFINITY : good - end;
}
