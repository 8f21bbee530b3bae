import { ENDS } from "../_recorder/event.ts";
import { sentenceOf } from "../_recorder/sentence.ts";
import { type Html, html } from "../app/html.ts";
import { HttpError } from "../app/http-error.ts";
import { address, type Question } from "./desk.ts";
import { OF_USER, ofUser } from "./found.ts";
import type { Page } from "./layout.ts";
import { outcome } from "./session-page.ts";
import { sessionTable } from "./session-table.ts";
import { moment, sessionsText, shown } from "./words.ts";

/** Events of a user that are shown. */
const EVENTS = 30;

/** Returns the page of a user: the live sessions, and what happened lately. Throws HttpError 404 without a user, BackendError. */
export async function userPage(question: Question): Promise<Page> {
  const { desk, query } = question;
  const userId = userIn(question);
  const before = query("cursor");
  const { sessions, cursor } = await ofUser(desk, userId, before || undefined);
  const isAll = cursor === undefined && before === "";
  const link = isAll ? (sort: string) => address(desk, "user", { id: userId, sort }) : undefined;
  const count = isAll
    ? `${sessionsText(sessions.length)}.`
    : `${sessionsText(sessions.length)} on this page, ${OF_USER} at most.`;
  return {
    title: `User ${shown(userId, 80)}`,
    main: html`${outcome(question)}
<section>
<h2>Live sessions</h2>
<p class="quiet" id="found">${count}</p>
${sessions.length === 0 ? "" : sessionTable(sessions, desk, "Live sessions", { by: query("sort") || "seen", link })}
${cursor === undefined ? "" : html`<p><a class="button main" href="${address(desk, "user", { id: userId, cursor })}">Next page</a></p>`}
</section>
${desk.manage && sessions.length > 0 ? html`<p><a class="button" href="${address(desk, "user/end", { id: userId })}">End all sessions of this user…</a></p>` : ""}
${await events(question, userId)}`,
  };
}

/** Returns the user that is asked for. Throws HttpError 404. */
export function userIn({ query }: Question): string {
  const userId = query("id");
  if (userId === "" || userId.length > 1000) throw new HttpError(404);
  return userId;
}

async function events({ desk }: Question, userId: string): Promise<Html | undefined> {
  if (desk.recorder === undefined) return undefined;
  const all = await desk.recorder.events({ userId });
  const latest = all.slice(-EVENTS).reverse();
  const ended = new Set(all.filter(({ event }) => ENDS.has(event)).map(({ handle }) => handle));
  return html`<section>
<h2>What happened</h2>
${latest.length === 0 ? html`<p>Nothing is known.</p>` : ""}
<ol class="events">${latest.map(
    (
      event,
    ) => html`<li>${moment(event.at)} <a href="${address(desk, `session/${event.handle}`)}"><code>${event.handle}</code></a>
${sentenceOf(event, !ended.has(event.handle))}</li>`,
  )}</ol>
</section>`;
}
