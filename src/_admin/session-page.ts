import { type Html, html } from "../app/html.ts";
import { HttpError } from "../app/http-error.ts";
import type { ListedSession } from "../core/listed.ts";
import { isHandle } from "../core/token.ts";
import { address, type Question } from "./desk.ts";
import type { Page } from "./layout.ts";
import { dataOf } from "./shown-data.ts";
import { deviceText, distance, moment, sessionsText, shown } from "./words.ts";

/** Returns the page of one session, live or not. Throws HttpError 404 for what is no handle, BackendError. */
export async function sessionPage(question: Question, handle: string): Promise<Page> {
  if (!isHandle(handle)) throw new HttpError(404);
  const { desk } = question;
  const [session] = await desk.sessions.list({ handle }).toArray();
  const happened = await events(question, handle);
  return {
    title: "Session",
    every: 5,
    main: html`${outcome(question)}
<section data-live id="about">
<h2><code>${handle}</code></h2>
${session === undefined ? html`<p>No live session has this handle.</p>` : about(question, session)}
</section>
${session && endButton(question, session)}
${session && dataOf(desk, session)}
${happened}`,
  };
}

/** Returns what has just been done here, if anything was. */
export function outcome({ query }: Question): Html | undefined {
  const ended = Number(query("ended") || Number.NaN);
  if (!Number.isSafeInteger(ended) || ended < 0) return undefined;
  const text =
    ended === 0 ? "Nothing was live any more, so nothing was ended." : `${sessionsText(ended)} ended.`;
  return html`<p class="note" role="status">${text}</p>`;
}

function about({ desk }: Question, session: ListedSession): Html {
  const now = desk.engine.backend.now();
  const { userId, device, by } = session;
  const time = (at: number | undefined): Html | string =>
    at === undefined ? "–" : html`${moment(at)} <span class="quiet">${distance(at, now)}</span>`;
  const rows: (readonly [string, Html | string])[] = [
    [
      "User",
      userId === undefined
        ? "nobody"
        : html`<a href="${address(desk, "user", { id: userId })}">${shown(userId)}</a>`,
    ],
    ["Signed in with", by.length === 0 ? "–" : shown(by.join(", "))],
    ["Device", deviceText(device)],
    ["User-Agent", shown(device.userAgent ?? "–", 256)],
    ["Address", shown(device.address ?? "–")],
    ["Created", time(session.createdAt)],
    ["Signed in", time(session.signedInAt)],
    ["Last seen", time(session.lastSeenAt)],
    ["Expires without a request", time(session.expiresAt)],
    ["Expires at the latest", time(session.absoluteExpiresAt)],
    ["Cookie", session.persistent ? "outlives the browser" : "ends with the browser"],
  ];
  return html`<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

function endButton({ desk }: Question, { handle }: ListedSession): Html | undefined {
  if (!desk.manage) return undefined;
  return html`<p><a class="button" href="${address(desk, `session/${handle}/end`)}">End this session…</a></p>`;
}

async function events({ desk }: Question, handle: string): Promise<Html | undefined> {
  if (desk.recorder === undefined) return undefined;
  const { sentences } = await desk.recorder.explain(handle);
  return html`<section>
<h2>What happened</h2>
<ol class="events" data-live id="events">${sentences.map(({ at, text }) => html`<li>${moment(at)} ${text}</li>`)}</ol>
</section>`;
}
