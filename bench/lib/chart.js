/** A horizontal bar chart as an SVG that is readable on a light and on a dark page. */

const WIDTH = 760;
const LABEL = 250;
const VALUE = 120;
const ROW = 34;
const BAR = 20;
const TOP = 84;

const STYLE = `
text { font: 14px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.note { font-size: 12px; fill: #59636e }
.own { font-weight: 600 }
.base { fill: #afb8c1 }
.rest { fill: #6e7781 }
.rest.own { fill: #0969da }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .note { fill: #9198a1 }
  .base { fill: #3d444d }
  .rest { fill: #9198a1 }
  .rest.own { fill: #4493f8 }
}`;

const escapeXml = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
const px = (value) => value.toFixed(1);

/** `bars`: label, base and total (same unit), the text at the end, and whether it is ours. */
export function barChart({ title, legend, note, bars }) {
  const height = TOP + bars.length * ROW + 12;
  const scale = (WIDTH - LABEL - VALUE) / Math.max(...bars.map((bar) => bar.total));
  const rows = bars.map((bar, i) => {
    const y = TOP + i * ROW;
    const middle = y + BAR / 2 + 5;
    const own = bar.own ? " own" : "";
    return `<g>
<title>${escapeXml(`${bar.label}: ${bar.text}`)}</title>
<text class="label${own}" x="${LABEL - 12}" y="${middle}" text-anchor="end">${escapeXml(bar.label)}</text>
<rect class="base" x="${LABEL}" y="${y}" width="${px(bar.base * scale)}" height="${BAR}"/>
<rect class="rest${own}" x="${px(LABEL + bar.base * scale)}" y="${y}" width="${px((bar.total - bar.base) * scale)}" height="${BAR}"/>
<text class="value${own}" x="${px(LABEL + bar.total * scale + 8)}" y="${middle}">${escapeXml(bar.text)}</text>
</g>`;
  });
  const description = bars.map((bar) => `${bar.label}: ${bar.text}`).join("; ");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="title description">
<title id="title">${escapeXml(title)}</title>
<desc id="description">${escapeXml(description)}</desc>
<style>${STYLE}
</style>
<text class="title" x="12" y="26">${escapeXml(title)}</text>
<rect class="base" x="12" y="44" width="12" height="12"/>
<text class="note" x="30" y="55">${escapeXml(legend.base)}</text>
<rect class="rest" x="242" y="44" width="12" height="12"/>
<rect class="rest own" x="256" y="44" width="12" height="12"/>
<text class="note" x="274" y="55">${escapeXml(legend.rest)}</text>
<text class="note" x="${WIDTH - 12}" y="55" text-anchor="end">${escapeXml(note)}</text>
${rows.join("\n")}
</svg>
`;
}
