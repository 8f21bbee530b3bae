/**
 * The states of a session and of an id, as an SVG that is readable on a light and on a dark page. The steps between them are counted in
 * the schedules, so that the picture shows what the model does.
 */

const WIDTH = 760;
const HEIGHT = 500;
const BOX = { width: 150, height: 44 };

const STYLE = `
text { font: 14px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; text-anchor: middle }
.title { font-size: 16px; font-weight: 600; text-anchor: start }
.note { font-size: 12px; fill: #59636e }
.start { text-anchor: start }
.state { fill: #ddf4ff; stroke: #0969da; stroke-width: 1.5 }
.over { fill: #f6f8fa; stroke: #6e7781; stroke-width: 1.5 }
.step { stroke: #6e7781; stroke-width: 1.5; fill: none }
.head { fill: #6e7781 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .note { fill: #9198a1 }
  .state { fill: #121d2f; stroke: #4493f8 }
  .over { fill: #151b23; stroke: #9198a1 }
  .step { stroke: #9198a1 }
  .head { fill: #9198a1 }
}`;

/** The middle of each state, what it is called, and whether nothing opens it. */
const STATES = {
  anonymous: { x: 100, y: 120, text: "anonymous" },
  signedIn: { x: 380, y: 120, text: "signed in" },
  ended: { x: 660, y: 120, text: "ended", isOver: true },
  current: { x: 100, y: 330, text: "the current id" },
  grace: { x: 380, y: 330, text: "within its grace" },
  superseded: { x: 380, y: 440, text: "of other rights", isOver: true },
  reused: { x: 660, y: 385, text: "an old id", isOver: true },
};

/** The verdict of a read, by its letter in a schedule. */
const FOUND = { L: "current", G: "grace", S: "superseded", R: "reused", U: "ended" };

const escapeXml = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
const number = (value) => value.toLocaleString("en-US");

/** Returns how often the schedules take each step, and find each state. */
function countsIn(lines) {
  const taken = {};
  const found = {};
  const count = (counts, what) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  for (const line of lines) {
    const [walk, end] = line.split(" |");
    const [begin, ...tokens] = walk.split(" ");
    let session = begin.startsWith("1") ? "signedIn" : "anonymous";
    for (const token of tokens) {
      const [, call, answer] = /^\d(.)(.?)/.exec(token) ?? [];
      const isStored = answer === "o" || answer === "m";
      if (call === "r" && answer in FOUND) count(found, FOUND[answer]);
      if (call === "g" && isStored) count(taken, "rotate");
      if ((call === "q" || call === "i") && isStored) count(taken, "rights");
      if (call === "i" && isStored && session === "anonymous") {
        count(taken, "login");
        session = "signedIn";
      }
      const isEnded = ((call === "d" || call === "D") && answer === "y") || (call === "v" && answer === "0");
      if (!isEnded) continue;
      count(taken, `${session} ended`);
      session = "ended";
    }
    if (session !== "ended" && end.startsWith("0")) count(taken, `${session} expired`);
  }
  return { taken, found };
}

/** Draws what these schedules do. */
export function picture(lines) {
  const { taken, found } = countsIn(lines);
  const times = (name) => number(taken[name] ?? 0);
  const ends = (from) => [`ended: ${times(`${from} ended`)}`, `expired: ${times(`${from} expired`)}`];
  const steps = [
    arrow("anonymous", "signedIn", [`login: ${times("login")}`]),
    arrow("signedIn", "ended", ends("signedIn")),
    around("anonymous", "ended", ends("anonymous").join(", ")),
    arrow("current", "grace", [`rotate: ${times("rotate")}`]),
    arrow("current", "superseded", [`login, elevated: ${times("rights")}`], { x: -80, y: 22 }),
    arrow("grace", "superseded", []),
    arrow("grace", "reused", ["ten seconds"], { x: 40, y: -10 }),
    arrow("superseded", "reused", []),
  ];
  const boxes = Object.entries(STATES).map(([name, state]) => box(state, found[name]));
  const title = `The states of a session and of an id, in ${number(lines.length)} schedules of the model`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-labelledby="title">
<title id="title">${escapeXml(title)}</title>
<style>${STYLE}
</style>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="head" d="M0,0 L8,4 L0,8 z"/></marker></defs>
<text class="title" x="12" y="26">${escapeXml(title)}</text>
<text class="note start" x="12" y="50">The session. At a line: how often the schedules take it.</text>
<text class="note start" x="12" y="262">What a request finds by its id. In a box: how often. Gray ones open nothing.</text>
${[...steps, ...boxes].join("\n")}
</svg>
`;
}

function box({ x, y, text, isOver }, times) {
  const { width, height } = BOX;
  const lines =
    times === undefined
      ? [[text, "", 5]]
      : [
          [text, "", -2],
          [number(times), "note", 14],
        ];
  return `<g><rect class="${isOver ? "over" : "state"}" x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" rx="6"/>
${lines.map(([line, kind, down]) => `<text class="${kind}" x="${x}" y="${y + down}">${escapeXml(line)}</text>`).join("")}</g>`;
}

/** A line between two boxes, with words above it and, if there are two, below; `aside` moves them from where a steep line goes. */
function arrow(from, to, words, aside = { x: 0, y: 0 }) {
  const [one, other] = [STATES[from], STATES[to]];
  const isDown = one.x === other.x;
  const [x1, x2] = isDown ? [one.x, other.x] : [one.x + BOX.width / 2, other.x - BOX.width / 2];
  const [y1, y2] = isDown ? [one.y + BOX.height / 2, other.y - BOX.height / 2] : [one.y, other.y];
  const [x, y] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const text = words.map(
    (word, n) =>
      `<text class="note" x="${x + aside.x}" y="${y + aside.y + [-8, 18][n]}">${escapeXml(word)}</text>`,
  );
  return `<path class="step" marker-end="url(#head)" d="M${x1},${y1} L${x2},${y2}"/>${text.join("")}`;
}

/** A line below what is between two boxes. */
function around(from, to, words) {
  const [one, other] = [STATES[from], STATES[to]];
  const y = one.y + BOX.height / 2;
  const path = `M${one.x},${y} C${one.x},${y + 60} ${other.x},${y + 60} ${other.x},${y}`;
  return `<path class="step" marker-end="url(#head)" d="${path}"/><text class="note" x="${(one.x + other.x) / 2}" y="${y + 62}">${escapeXml(words)}</text>`;
}
