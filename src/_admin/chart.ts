import { Html, html } from "../app/html.ts";
import type { Series } from "./series.ts";
import { figure } from "./words.ts";

/** What a chart shows. */
export interface Chart {
  /** Its name in the page: a word. */
  readonly id: string;
  readonly title: string;
  /** What its numbers are, such as "per minute". */
  readonly unit: string;
  readonly shape: "lines" | "bars";
  readonly series: readonly Series[];
  /** When each interval begins and ends; one more than there are values. */
  readonly times: readonly number[];
  /** Seconds that the whole width stands for; its right end is the last time. */
  readonly length: number;
}

/** The drawing's own units; it is stretched to the room that there is. */
const WIDTH = 600;
const HEIGHT = 120;
/** Rows of the table of numbers. */
const ROWS = 12;

/** Returns a chart as HTML: a drawing, what its colors mean, and the numbers as a table. */
export function chart(about: Chart): Html {
  const { id, title, unit, shape, series, times } = about;
  const most = highest(about);
  const drawn = shape === "bars" ? bars(about, most) : series.map((each, at) => line(about, each, at, most));
  const isEmpty = series.every(({ values }) => values.every((value) => value === undefined));
  return html`<figure aria-labelledby="${id}-title">
<figcaption id="${id}-title">${title} <span class="quiet">${unit}</span></figcaption>
<div data-live id="${id}-drawing">
${isEmpty ? html`<p class="quiet">Nothing is known yet.</p>` : ""}
<p class="axis" aria-hidden="true">${figure(most)}</p>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${summary(about)}">
<path class="grid" d="M0 0.5H${WIDTH}M0 ${HEIGHT / 2}H${WIDTH}M0 ${HEIGHT - 0.5}H${WIDTH}"/>${drawn}</svg>
<p class="axis ends" aria-hidden="true"><span>${clock(times.at(-1)! - about.length)}</span><span>${clock(times.at(-1)!)} UTC</span></p>
<ul class="legend">${series.map((each, at) => html`<li><i class="c${at}"></i>${each.name} <b>${latest(each)}</b></li>`)}</ul>
</div>
<details id="${id}-numbers"><summary>Numbers<span class="aside"> of ${title}</span></summary>
<div class="scroll" tabindex="0" role="region" aria-label="Numbers of ${title}"><table>
<thead><tr><th scope="col">Until, UTC</th>${series.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody data-live id="${id}-rows">${rows(about)}</tbody>
</table></div></details>
</figure>`;
}

function rows({ series, times }: Chart): Html[] {
  const count = times.length - 1;
  const step = Math.max(1, Math.ceil(count / ROWS));
  const shown = Array.from({ length: Math.ceil(count / step) }, (_, back) => count - 1 - back * step);
  return shown.map(
    (at) =>
      html`<tr><th scope="row">${clock(times[at + 1]!)}</th>${series.map(({ values }) => html`<td>${value(values[at])}</td>`)}</tr>`,
  );
}

/** What the drawing says, for those who do not see it. */
function summary({ title, unit, series, shape }: Chart): string {
  const each = series.map(({ name, values }) => {
    const known = values.filter((one) => one !== undefined);
    if (known.length === 0) return `${name}: nothing known`;
    return `${name}: now ${value(known.at(-1))}, lowest ${value(Math.min(...known))}, highest ${value(Math.max(...known))}`;
  });
  return `${title}, ${unit}, as ${shape}. ${each.join(". ")}.`;
}

function line(about: Chart, { values }: Series, at: number, most: number): Html {
  let path = "";
  let isDrawing = false;
  for (const [index, each] of values.entries()) {
    if (each !== undefined)
      path += `${isDrawing ? "L" : "M"}${x(about, about.times[index + 1]!)} ${y(each, most)}`;
    isDrawing = each !== undefined;
  }
  // A line of one point has no length, and a round end makes it a dot.
  return new Html(`<path class="line c${at}" d="${path.replace(/M([^ML]+)(?=M|$)/g, "M$1L$1")}"/>`);
}

function bars(about: Chart, most: number): Html {
  const { times, series } = about;
  let drawn = "";
  for (let index = 0; index < times.length - 1; index++) {
    let below = 0;
    const left = x(about, times[index]!);
    const width = Math.max(1, x(about, times[index + 1]!) - left - 0.5);
    for (const [at, { values }] of series.entries()) {
      const each = values[index] ?? 0;
      if (each <= 0) continue;
      const top = y(below + each, most);
      drawn += `<rect class="c${at}" x="${left}" y="${top}" width="${width.toFixed(1)}" height="${(y(below, most) - top).toFixed(1)}"/>`;
      below += each;
    }
  }
  return new Html(drawn);
}

function highest({ series, shape, times }: Chart): number {
  const at = (index: number): number[] => series.map(({ values }) => values[index] ?? 0);
  const tops = times
    .slice(1)
    .map((_, index) =>
      shape === "bars" ? at(index).reduce((sum, each) => sum + each, 0) : Math.max(...at(index)),
    );
  return round(Math.max(...tops, 0));
}

/** The next number that is easy to read. */
function round(value: number): number {
  if (value <= 0) return 1;
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((each) => each * size).find((each) => each >= value)!;
}

function x({ times, length }: Chart, at: number): number {
  return Math.max(0, Number((WIDTH * (1 - (times.at(-1)! - at) / length)).toFixed(1)));
}

function y(each: number, most: number): number {
  return Number((HEIGHT - (each / most) * HEIGHT).toFixed(1));
}

function latest({ values }: Series): string {
  return value(values.at(-1));
}

function value(each: number | undefined): string {
  return each === undefined ? "–" : figure(each);
}

function clock(at: number): string {
  return new Date(at * 1000).toISOString().slice(11, 16);
}
