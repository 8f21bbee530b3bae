import { type Html, html } from "../app/html.ts";
import { isHandle } from "../core/token.ts";
import { address, type Question } from "./desk.ts";
import { cannotScan, type Found, found } from "./found.ts";
import { type Elsewhere, type Page, problem } from "./layout.ts";
import { sessionTable } from "./session-table.ts";
import { figure, sessionsText, shown } from "./words.ts";

const KINDS = [
  ["user", "User"],
  ["handle", "Handle"],
  ["device", "Device or address"],
] as const;

const SIGNED_IN = [
  ["", "All"],
  ["yes", "Signed in"],
  ["no", "Nobody signed in"],
] as const;

const IDLE = [
  ["", "Any time"],
  ["300", "5 minutes"],
  ["3600", "1 hour"],
  ["86400", "1 day"],
] as const;

/** Returns the page of live sessions: a search, filters, and one page of what they find. */
export async function sessionsPage(question: Question): Promise<Page | Elsewhere> {
  const { desk, query } = question;
  const [kind, text] = [query("by"), query("q").trim()];
  if (text !== "" && kind === "user") return { to: address(desk, "user", { id: text }) };
  if (text !== "" && kind === "handle") {
    if (isHandle(text)) return { to: address(desk, `session/${text}`) };
    // What is no handle is not shown again: it may be a cookie.
    return problem(
      400,
      "Sessions",
      "That is no handle. A handle has 16 characters, and is what lists, logs and events name a session by.",
      search(question, ""),
    );
  }
  const values = { by: text && "device", q: text, signedIn: query("signedIn"), idleFor: query("idleFor") };
  try {
    const idleFor = Number(values.idleFor);
    const page = await found(desk, {
      device: text,
      signedIn: values.signedIn === "" ? undefined : values.signedIn === "yes",
      idleFor: idleFor > 0 && Number.isFinite(idleFor) ? idleFor : undefined,
      cursor: query("cursor") || undefined,
    });
    return { title: "Sessions", main: html`${search(question, text)}${list(question, values, page)}` };
  } catch (error) {
    if (!cannotScan(error)) throw error;
    const why =
      "This store cannot list all of its sessions, because its protocol has no way to ask for them. Search by user or by handle.";
    return { title: "Sessions", main: html`${search(question, "")}<p class="note">${why}</p>` };
  }
}

function list({ desk, query }: Question, values: Record<string, string>, page: Found): Html {
  const { sessions, cursor, lookedAt } = page;
  const isFirst = query("cursor") === "";
  const link =
    isFirst && cursor === undefined
      ? (sort: string) => address(desk, "sessions", { ...values, sort })
      : undefined;
  const count =
    values.q === ""
      ? `${sessionsText(sessions.length)} on this page`
      : `${sessionsText(sessions.length)} found among ${figure(lookedAt)} looked at`;
  const order =
    link === undefined ? " They are in an order of the store's own, and the next page goes on there." : "";
  return html`<section>
<h2>Live sessions</h2>
<p class="quiet" id="found">${count}${cursor === undefined ? "." : "; there may be more."}${order}</p>
${sessions.length === 0 ? "" : sessionTable(sessions, desk, "Live sessions", { by: query("sort"), link })}
<p class="row">${isFirst ? "" : html`<a class="button" href="${address(desk, "sessions", values)}">First page</a>`}
${cursor === undefined ? "" : html`<a class="button main" href="${address(desk, "sessions", { ...values, cursor })}">Next page</a>`}</p>
</section>`;
}

function search({ desk, query }: Question, text: string): Html {
  const kind = query("by") || "user";
  return html`<form method="get" action="${address(desk, "sessions")}" role="search">
<label>Search by <select name="by">${options(KINDS, kind)}</select></label>
<label>For <input name="q" value="${shown(text)}" autocomplete="off" spellcheck="false"></label>
<label>Who <select name="signedIn">${options(SIGNED_IN, query("signedIn"))}</select></label>
<label>Not used for <select name="idleFor">${options(IDLE, query("idleFor"))}</select></label>
<button class="main">Search</button>
</form>`;
}

function options(all: readonly (readonly [value: string, name: string])[], chosen: string): Html[] {
  return all.map(
    ([value, name]) =>
      html`<option value="${value}"${value === chosen ? html` selected` : ""}>${name}</option>`,
  );
}
