/** The stylesheet of the page: light or dark as the system is, on a phone too. It asks for no other file. */
export const STYLE = `:root {
  color-scheme: light dark;
  --ink: light-dark(#1b1f24, #e6e9ee);
  --quiet: light-dark(#55606d, #a5afbb);
  --ground: light-dark(#f3f5f8, #14171b);
  --paper: light-dark(#fff, #1e2329);
  --line: light-dark(#8a94a1, #6b7683);
  --hair: light-dark(#dde2e8, #343b43);
  --accent: light-dark(#0b5cad, #8cc2ff);
  --on-accent: light-dark(#fff, #10151b);
  --bad: light-dark(#b3261e, #ff9d94);
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
header, main, footer { max-width: 68rem; margin: 0 auto; padding: 1rem }
header { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.5rem; padding-bottom: 0 }
header b { font-size: 1.1rem }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; flex: 1 }
nav a[aria-current] { color: var(--ink); font-weight: 600; text-decoration: none; border-bottom: 3px solid var(--accent) }
footer { color: var(--quiet); font-size: .9rem; padding-top: 0 }
h1, h2 { margin: 0 0 .5rem; line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere }
h1 { font-size: 1.5rem }
h2 { font-size: 1.15rem }
p { margin: 0 0 .75rem }
section, figure { margin: 0 0 1rem; padding: 1rem 1.25rem; background: var(--paper); border-radius: .6rem; box-shadow: 0 1px 3px #0003; min-width: 0 }
section > :last-child, figure > :last-child { margin-bottom: 0 }
a { color: var(--accent) }
.skip { position: absolute; left: -100vw }
.skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .25rem .5rem }
.aside { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.quiet { color: var(--quiet); font-weight: 400 }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; font: .9rem/1.45 ui-monospace, monospace }
form { display: flex; flex-wrap: wrap; align-items: end; gap: .75rem; margin: 0 0 .75rem }
label { display: grid; gap: .2rem; font-weight: 600 }
label:has([name=q]) { flex: 1 1 14rem }
input, select, button, .button { font: inherit; color: inherit; padding: .4rem .75rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--paper); max-width: 100% }
input { width: 100%; background: var(--ground) }
button, .button { cursor: pointer; text-decoration: none; display: inline-block }
button:hover, .button:hover { background: var(--ground) }
.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
.main:hover { background: var(--accent); text-decoration: underline }
.bad { background: var(--bad); border-color: var(--bad); color: var(--on-accent) }
.bad:hover { background: var(--bad); text-decoration: underline }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.tiles { display: grid; grid-template-columns: repeat(3, 1fr); gap: 1rem; margin: 0 0 1rem; padding: 0; list-style: none }
.tiles li { padding: .75rem 1rem; background: var(--paper); border-radius: .6rem; box-shadow: 0 1px 3px #0003 }
.tiles b { display: block; font-size: 1.5rem; line-height: 1.3; font-variant-numeric: tabular-nums }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem; align-items: start }
.charts figure { margin: 0 }
.charts + p { margin-top: 1rem }
figcaption { font-weight: 600; margin-bottom: .5rem }
svg { display: block; width: 100%; height: 7.5rem; overflow: visible }
.grid { stroke: var(--hair); fill: none; vector-effect: non-scaling-stroke }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; vector-effect: non-scaling-stroke }
.axis { margin: 0; font-size: .8rem; color: var(--quiet); font-variant-numeric: tabular-nums }
.ends { display: flex; justify-content: space-between }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; margin: .35rem 0 .5rem; padding: 0; list-style: none; font-size: .9rem }
.legend i { display: inline-block; width: .8rem; height: .8rem; border-radius: .2rem; margin-right: .4rem; vertical-align: -.05rem }
.c0 { --c: light-dark(#0b5cad, #6fb1ff) }
.c1 { --c: light-dark(#b45309, #ffb35c) }
.c2 { --c: light-dark(#7c3aed, #c4a5ff) }
.c3 { --c: light-dark(#0f766e, #4fd1c0) }
.c4 { --c: light-dark(#be185d, #ff8fc0) }
.c5 { --c: light-dark(#4d7c0f, #b6dd6b) }
.c6 { --c: light-dark(#475569, #aab6c5) }
.c7 { --c: light-dark(#b3261e, #ff9d94) }
rect, i { fill: var(--c); background: var(--c) }
.line { stroke: var(--c) }
.scroll { overflow-x: auto }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--hair); vertical-align: top }
thead th { color: var(--quiet); font-size: .9rem; white-space: nowrap }
tbody th { font-weight: 400 }
td { overflow-wrap: break-word }
td time, td code { white-space: nowrap }
details table { font-size: .9rem }
summary { width: max-content; color: var(--accent); cursor: pointer }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .35rem 1.25rem; margin: 0 }
dt { color: var(--quiet) }
dd { margin: 0; overflow-wrap: anywhere }
ol.events { list-style: none; margin: 0 0 .75rem; padding: 0 }
ol.events li { padding: .4rem 0; border-bottom: 1px solid var(--hair); overflow-wrap: anywhere }
ol.events li:last-child { border: 0 }
ol.events time { color: var(--quiet); margin-right: .75rem; font-variant-numeric: tabular-nums }
.row { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center }
.row form { margin: 0 }
.note { padding: .5rem .8rem; border-left: 4px solid var(--accent); background: var(--paper) }
.note.failed { border-color: var(--bad) }
@media (min-width: 66rem) {
  .tiles { grid-template-columns: repeat(6, 1fr) }
}
@media (max-width: 45rem) {
  .tiles { grid-template-columns: repeat(2, 1fr) }
  .wide { display: none }
  dl { grid-template-columns: 1fr; gap: 0 }
  dd { margin-bottom: .5rem }
  section, figure { padding: .9rem 1rem }
}
`;
