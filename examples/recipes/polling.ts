/**
 * A page that polls, and one with an event stream. Neither keeps a session alive whose user has gone.
 *
 *     npx micropie examples/recipes/polling.ts
 */
import { setTimeout } from "node:timers/promises";
import {
  AccessError,
  App,
  type AppOptions,
  html,
  info,
  login,
  logout,
  post,
  redirect,
  reply,
} from "micropie";
import { button, page, signInPage } from "./page.ts";
import { isPassword } from "./users.ts";

/** A stand-in for a table: what each user has to be told. */
export const news = new Map<string, string[]>();

export class Inbox extends App {
  constructor(options: AppOptions = {}) {
    super({ timeouts: { idle: "30m" }, idle: ["poll", "events"], ...options });
  }

  index() {
    const { userId } = info(this.request.session);
    if (userId === undefined) return signInPage();
    const script = html`<script>
      new EventSource("/events").onmessage = ({ data }) => document.querySelector("pre").append(JSON.parse(data), "\\n");
    </script>`;
    return page(
      `Hello ${userId}`,
      html`<pre aria-live="polite"></pre>
        <div class="row">${button("Send news", "/send")} ${button("Log out", "/logout")}</div> ${script}`,
      "Open this page in a second window, and send news from one: the other has them at once.",
    );
  }

  send = post(() => {
    const { userId } = this.#user();
    const before = news.get(userId) ?? [];
    news.set(userId, [...before, `News ${before.length + 1}`]);
    return redirect("/", 303);
  });

  poll() {
    return news.get(this.#user().userId) ?? [];
  }

  events() {
    return reply(200, this.#events(this.#user()), { "content-type": "text/event-stream" });
  }

  async *#events({ userId, handle }: { userId: string; handle: string }) {
    const { signal } = this.request;
    for (let sent = 0; !signal.aborted; ) {
      // The stream was let in once; ask whether it still may. This does not move a deadline.
      const [still] = await this.sessions.list({ handle }).toArray();
      if (still?.userId !== userId) return;
      for (const text of (news.get(userId) ?? []).slice(sent)) {
        sent++;
        yield `data: ${JSON.stringify(text)}\n\n`;
      }
      await setTimeout(200, undefined, { signal }).catch(() => {}); // a real one waits for its source
    }
  }

  #user() {
    const { userId, handle } = info(this.request.session);
    if (userId === undefined || handle === undefined) throw new AccessError("no_user", "Sign in first.");
    return { userId, handle };
  }

  login = post(async () => {
    const name = this.request.form("name", "");
    if (!(await isPassword(name, this.request.form("password", ""))))
      return reply(401, signInPage("Try again."));
    login(this.request.session, name);
    return redirect("/", 303);
  });

  logout = post(() => {
    logout(this.request.session);
    return redirect("/", 303);
  });
}
export default new Inbox();
