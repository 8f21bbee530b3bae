import { type Html, html } from "../app/html.ts";
import { HttpError } from "../app/http-error.ts";
import { isHandle } from "../core/token.ts";
import type { Which } from "../core/which.ts";
import { refuseCrossSite } from "../visit/cross-site.ts";
import { address, type Question } from "./desk.ts";
import { OF_USER, ofUser } from "./found.ts";
import type { Elsewhere, Page } from "./layout.ts";
import { userIn } from "./user-page.ts";
import { deviceText, sessionsText, shown } from "./words.ts";

/**
 * Asks whether to end a session, and ends it when the answer is posted. Throws HttpError 404 unless changes are allowed,
 * AccessError `cross_site`, BackendError.
 */
export async function endSession(question: Question, handle: string): Promise<Page | Elsewhere> {
  const { desk } = question;
  if (!desk.manage || !isHandle(handle)) throw new HttpError(404);
  const back = `session/${handle}`;
  if (question.isPost) return { to: address(desk, back, { ended: await ended(question, { handle }) }) };
  const [session] = await desk.sessions.list({ handle }).toArray();
  if (session === undefined) return { to: address(desk, back, { ended: "0" }) };
  const { userId, device } = session;
  const whose = userId === undefined ? "Nobody is signed in" : `User ${shown(userId)} is signed in`;
  return confirmation(question, {
    title: "End this session?",
    says: html`${whose}, with ${deviceText(device)}. The next request of this browser has no session.`,
    action: address(desk, `${back}/end`),
    verb: "End the session",
    back: address(desk, back),
  });
}

/** The same for all sessions of a user. */
export async function endUser(question: Question): Promise<Page | Elsewhere> {
  const { desk } = question;
  if (!desk.manage) throw new HttpError(404);
  const userId = userIn(question);
  if (question.isPost)
    return { to: address(desk, "user", { id: userId, ended: await ended(question, { userId }) }) };
  const { sessions, cursor } = await ofUser(desk, userId, undefined);
  const count = cursor === undefined ? sessionsText(sessions.length) : `More than ${OF_USER} sessions`;
  return confirmation(question, {
    title: "End all sessions of this user?",
    says: html`User ${shown(userId)} is logged out everywhere: ${count} at the moment.`,
    action: address(desk, "user/end", { id: userId }),
    verb: "End all",
    back: address(desk, "user", { id: userId }),
  });
}

async function ended({ desk, operator, request }: Question, which: Which): Promise<string> {
  refuseCrossSite(desk.csrf, request);
  return String(await desk.sessions.revoke(which, { by: operator }));
}

interface Asked {
  readonly title: string;
  readonly says: Html;
  readonly action: string;
  readonly verb: string;
  readonly back: string;
}

/** The form has no field, and a type that every parser of bodies leaves alone. */
function confirmation({ operator }: Question, { title, says, action, verb, back }: Asked): Page {
  return {
    title,
    main: html`<section>
<p>${says}</p>
<p class="quiet">It is recorded that ${shown(operator, 60)} did it. It cannot be undone.</p>
<form method="post" action="${action}" enctype="text/plain">
<button class="bad">${verb}</button>
<a class="button" href="${back}">Leave it</a>
</form>
</section>`,
  };
}
