export const MEMBERS = "for members alone";
const PUBLIC = { "cache-control": "public, max-age=60" };

/**
 * The same application for every contender. It is given a session in one shape and answers in one shape; a contender
 * translates both into its own library's and framework's manner:
 *
 * - `session.get()` the data, `session.set(key, value)`, `session.login(user)`, `session.logout()`, each as the library's
 *   documents say, and, where they offer one: `session.save()` for saving by hand, `session.endOthers(user)` for ending all
 *   other sessions of a user, `session.guard()` for refusing who is not signed in, `session.signal()` for an AbortSignal that
 *   tells of the session's end;
 * - `{ status, headers, body }`, where the body is a text or an async generator of texts.
 */
export class Application {
  /** Whether handlers also save by hand, where a library offers that. */
  #byHand;
  #rest = Promise.withResolvers();
  #slow = Promise.withResolvers();

  constructor({ byHand = false } = {}) {
    this.#byHand = byHand;
  }

  /** Lets streams go on after their first part. */
  goOn() {
    this.#rest.resolve();
  }

  /** Lets slow handlers go on, which have their session already. */
  hurry() {
    this.#slow.resolve();
  }

  async answer(target, session) {
    const { pathname, searchParams } = new URL(target, "http://localhost");
    const change = async (key, value) => {
      await session.set(key, value);
      if (this.#byHand) await session.save?.();
    };
    switch (pathname) {
      case "/none":
        return text("nothing");
      case "/read":
        return text(JSON.stringify({ ...(await session.get()) }));
      case "/login":
        await session.login("ann");
        return text("welcome", searchParams.has("public") ? PUBLIC : {});
      case "/logout":
        await session.logout();
        return text("bye");
      case "/end-others":
        await session.endOthers("ann");
        return text("done");
      case "/members":
        return this.#members(session);
      case "/events":
        return { ...text(), body: this.#events(session) };
      case "/set":
        await change(searchParams.get("key"), "set");
        return text("done");
      case "/slow":
        await session.get();
        await this.#slow.promise;
        await change("late", "set");
        return text("done");
      case "/public":
        await change("seen", "set");
        return text("done", PUBLIC);
      case "/date":
        await change("date", new Date(0));
        return text("done");
      case "/date/kind":
        return text(kindOf((await session.get())?.date));
      case "/redirect":
        await change("early", "set");
        return { status: 302, headers: { location: "/none" }, body: "" };
      case "/stream":
        await change("early", "set");
        return { ...text(), body: this.#parts(change) };
      default:
        return { ...text("not here"), status: 404 };
    }
  }

  /** A page for who is signed in, guarded as the library's documents say. */
  async #members(session) {
    if (session.guard !== undefined) await session.guard();
    else if ((await session.get())?.user === undefined) return { ...text("who are you?"), status: 401 };
    return text(MEMBERS);
  }

  /** A connection that stays open. */
  async *#events(session) {
    const signal = session.signal?.();
    yield "open,";
    const ended = new Promise((resolve) => signal?.addEventListener("abort", resolve, { once: true }));
    if (!signal?.aborted) await Promise.race([ended, this.#rest.promise]);
    yield "closed";
  }

  async *#parts(change) {
    yield "one,";
    await this.#rest.promise;
    try {
      await change("late", "set");
    } catch {
      yield "an error";
    }
    yield ",two";
  }
}

function text(body, headers = {}) {
  return { status: 200, headers: { "content-type": "text/plain", ...headers }, body };
}

function kindOf(value) {
  if (value instanceof Date) return "a Date";
  return typeof value === "string" ? "a string" : `${value}`;
}
