import { AccessError, type Html, info, login, logout, type Session } from "micropie";
import { deviceOf } from "./device.ts";
import { devicesPage, homePage, signInPage } from "./pages.ts";
import type { SiteSessions } from "./sessions.ts";
import { isPassword } from "./users.ts";

/** What app.ts sends. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a form has sent. Anybody can send anything, so nothing of it is known. */
export type Form = Readonly<Record<string, unknown>>;

export function home(session: Session): Answer {
  return answer(200, homePage(info(session).userId));
}

/** Returns the answer for a request that needs a user and has none; undefined if it may go on. */
export function signInFirst(session: Session, method: string, target: string): Answer | undefined {
  if (info(session).userId !== undefined) return undefined;
  // A form that was sent cannot be repeated, so only pages are returned to.
  return redirect(`/login?back=${encodeURIComponent(method === "GET" ? target : "/")}`);
}

export function signInForm(query: Form): Answer {
  return answer(200, signInPage(text(query, "back") || "/"));
}

export async function signIn(session: Session, form: Form, userAgent: string | undefined): Promise<Answer> {
  const name = text(form, "name");
  if (!(await isPassword(name, text(form, "password"))))
    return answer(401, signInPage(text(form, "back"), "The name or the password is wrong."));
  login(session, name); // a new id; the old one stops working
  session.device = deviceOf(userAgent ?? "");
  return redirect(ownPath(text(form, "back")));
}

export function signOut(session: Session): Answer {
  logout(session);
  return redirect("/");
}

export async function devices(sessions: SiteSessions, session: Session): Promise<Answer> {
  const userId = userOf(session);
  return answer(200, devicesPage(await sessions.list({ userId }, { current: session }).toArray()));
}

export async function endDevices(sessions: SiteSessions, session: Session, form: Form): Promise<Answer> {
  const userId = userOf(session);
  const handle = text(form, "end");
  if (handle === info(session).handle) return signOut(session);
  if (handle === "others") {
    await sessions.revoke({ userId, except: session });
  } else {
    // The handle comes from the form, so it can be anybody's.
    const [device] = await sessions.list({ handle }).toArray();
    if (device?.userId === userId) await sessions.revoke({ handle });
  }
  return redirect("/devices");
}

/** Throws what is answered with 401: a route without the guard is closed, not open. */
function userOf(session: Session): string {
  const { userId } = info(session);
  if (userId === undefined) throw new AccessError("no_user", "Sign in first.");
  return userId;
}

/** Returns a path of this site, or "/" for anything that leads to another: "https://evil.example", "//evil.example". */
function ownPath(path: string): string {
  const here = "http://here.invalid";
  // Read as a browser reads it, which takes "\" for "/" and drops tabs.
  return path.startsWith("/") && URL.parse(path, here)?.origin === here ? path : "/";
}

function text(form: Form, name: string): string {
  const value = form[name];
  return typeof value === "string" ? value : "";
}

function answer(status: number, page: Html): Answer {
  return { status, headers: { "content-type": "text/html; charset=utf-8" }, body: page.toString() };
}

function redirect(location: string): Answer {
  return { status: 303, headers: { location }, body: "" };
}
