/**
 * A flash message: one request leaves it, and one later request reads it.
 *
 *     npx micropie examples/flash.ts
 */
import { App, html, post, redirect, take } from "micropie";
import { page } from "./recipes/page.ts";

class Notes extends App<{ notes: string[]; notice: string }> {
  async index() {
    const { session } = this.request;
    const notice = await take(session, "notice");
    const body = html`${notice && html`<p role="status">${notice}</p>`}
      <ul>${(session.notes ?? []).map((note) => html`<li>${note}</li>`)}</ul>
      <form method="post" action="/add"><label>Note <input name="note" required></label><button>Add</button></form>`;
    return page("Notes", body, "Add a note, and reload: what is said of it is shown once.");
  }

  add = post(() => {
    const { request } = this;
    const note = request.form("note");
    if (note) {
      request.session.notes = [...(request.session.notes ?? []), note];
      request.session.notice = "Your note was added.";
    }
    return redirect("/", 303);
  });
}
export default new Notes();
