/** Lines over time as an SVG: what the model says and what was measured, one panel for each store. */

const WIDTH = 760;
const PANEL = 190;
const LEFT = 64;
const RIGHT = 16;
const TOP = 64;

const STYLE = `
text { font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.note { font-size: 12px; fill: #59636e }
.axis { stroke: #d1d9e0; stroke-width: 1 }
.model { stroke: #6e7781; stroke-dasharray: 5 4; fill: none; stroke-width: 1.5 }
.real { stroke: #0969da; fill: none; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .note { fill: #9198a1 }
  .axis { stroke: #3d444d }
  .model { stroke: #9198a1 }
  .real { stroke: #4493f8 }
}`;

/** `panels`: a label, the seconds of the model and of the run, each with `answered` and `refused`. `marks`: seconds with a name. */
export function picture({ title, panels, marks }) {
  const height = TOP + panels.length * (PANEL + 40);
  const body = panels.map((panel, n) => panelOf(panel, TOP + n * (PANEL + 40), marks)).join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title">
<title id="title">${title}</title>
<style>${STYLE}
</style>
<text class="title" x="12" y="26">${title}</text>
<line class="model" x1="12" x2="40" y1="44" y2="44"/><text class="note" x="46" y="48">the model</text>
<line class="real" x1="130" x2="158" y1="44" y2="44"/><text class="note" x="164" y="48">measured</text>
${body}
</svg>
`;
}

function panelOf({ label, model, real }, top, marks) {
  const most = Math.max(...[...model, ...real].map(({ refused }) => refused), 1);
  const x = (second) => LEFT + (second / model.length) * (WIDTH - LEFT - RIGHT);
  const y = (value) => top + PANEL - (value / most) * (PANEL - 30);
  const line = (seconds) =>
    seconds.map(({ refused }, at) => `${x(at).toFixed(1)},${y(refused).toFixed(1)}`).join(" ");
  const names = marks.map(
    ({ at, name }) =>
      `<line class="axis" x1="${x(at)}" x2="${x(at)}" y1="${top + 20}" y2="${top + PANEL}"/><text class="note" x="${x(at) + 4}" y="${top + 30}">${name}</text>`,
  );
  const steps = [0, most / 2, most].map(
    (value) =>
      `<text class="note" x="${LEFT - 8}" y="${y(value) + 4}" text-anchor="end">${Math.round(value)}</text>`,
  );
  const times = [0, 30, 60, 90, 120].map(
    (at) => `<text class="note" x="${x(at)}" y="${top + PANEL + 18}" text-anchor="middle">${at} s</text>`,
  );
  return `<g>
<text x="12" y="${top + 10}">${label}: requests refused (503) in each second</text>
<line class="axis" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${top + PANEL}" y2="${top + PANEL}"/>
${names.join("")}
${steps.join("")}
${times.join("")}
<polyline class="model" points="${line(model)}"/>
<polyline class="real" points="${line(real)}"/>
</g>`;
}
