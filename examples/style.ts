/** The stylesheet of every example: light or dark as the system is, on a phone too. It asks for no other file. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ink: light-dark(#1b1f24, #e6e9ee);
  --quiet: light-dark(#55606d, #a5afbb);
  --ground: light-dark(#f3f5f8, #14171b);
  --paper: light-dark(#ffffff, #1e2329);
  --line: light-dark(#8a94a1, #6b7683);
  --accent: light-dark(#0b5cad, #8cc2ff);
  --on-accent: light-dark(#ffffff, #10151b);
}
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1.0625rem/1.5 system-ui, sans-serif }
header, main { max-width: 40rem; margin: 0 auto; padding: 1rem }
header { color: var(--quiet); padding-bottom: .25rem }
header ol { margin: .5rem 0 0; padding-left: 1.4rem }
h1, h2 { margin: 0 0 .5rem; line-height: 1.25; text-wrap: balance; color: var(--ink); overflow-wrap: anywhere }
h1 { font-size: 1.6rem }
h2 { font-size: 1.2rem }
p { margin: 0 0 .75rem }
section { margin: 0 0 1rem; padding: 1rem 1.25rem; background: var(--paper); border-radius: .6rem; box-shadow: 0 1px 3px #0003 }
section > :last-child { margin-bottom: 0 }
a { color: var(--accent) }
form { display: flex; flex-wrap: wrap; align-items: end; gap: .75rem; margin: 0 0 .75rem }
form a { order: 1; align-self: center }
form + form { margin-top: .75rem }
label { display: grid; gap: .25rem; font-weight: 600 }
label:has([type=checkbox]) { display: flex; align-items: center; gap: .5rem; width: 100%; font-weight: 400 }
input, button { font: inherit; color: inherit; padding: .45rem .8rem; border: 1px solid var(--line); border-radius: .4rem }
input { max-width: 100%; background: var(--ground); font-weight: 400 }
input[type=checkbox] { width: 1.2rem; height: 1.2rem }
button { background: var(--paper); cursor: pointer }
button.main, form:has(input:not([type=hidden])) button { background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
button:hover { filter: brightness(.93) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.row { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center }
.row form { margin: 0 }
.quiet { color: var(--quiet); font-size: .95rem; overflow-wrap: anywhere }
ul { margin: 0 0 .75rem; padding-left: 1.4rem }
ul:empty { display: none }
.devices { list-style: none; margin: 0 0 1rem; padding: 0 }
.devices li { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: .5rem 1rem; padding: .75rem 0; border-bottom: 1px solid color-mix(in srgb, var(--line) 45%, transparent) }
.devices form { margin: 0 }
.devices li:first-child { padding-top: 0 }
.devices details { width: 100%; font-size: .95rem }
.devices details form { margin: .5rem 0 0 }
summary { width: max-content; color: var(--accent); cursor: pointer }
mark { background: var(--accent); color: var(--on-accent); border-radius: 1rem; padding: .1rem .6rem; font-size: .85rem; white-space: nowrap }
[role=alert]:not(:empty), [role=status]:not(:empty) { padding: .5rem .8rem; border-left: 4px solid var(--accent); background: var(--ground) }
[role=alert]:empty { margin: 0 }
pre { margin: 0 0 .75rem; white-space: pre-wrap }
output { font-variant-numeric: tabular-nums }
`;
