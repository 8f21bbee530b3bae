import { eventStore, recordEvents } from "../../recorder.ts";
import { readHandle } from "./handle.ts";
import { openBackend } from "./open.ts";
import { readStoreUrl } from "./store-url.ts";
import { helpOf, type Store, type Subcommand, subcommand } from "./subcommand.ts";
import { isoText } from "./words.ts";

const HOW = helpOf("explain");

/** Tells what became of a session. */
export const explain: Subcommand = subcommand({
  name: "explain",
  takes: "HANDLE",
  arity: [1, 1],
  help: "tell what became of a session",
  more: `Without --events, only its record tells, which is gone once the session has ended. A module of --config may export \`recorder\`
instead, with a store of events.`,
  options: {
    events: {
      type: "string",
      value: "URL",
      help: "where the application's eventStore() is, with ?prefix= or ?table=",
    },
  },
  read(values, [text = ""]) {
    const handle = readHandle(text, HOW);
    const url = values.events === undefined ? undefined : readStoreUrl(values.events, {}, "--events", HOW);
    return async (store, terminal) => {
      const events = url === undefined ? undefined : await openBackend(url);
      try {
        using own = new Own(store, events === undefined ? undefined : eventStore(events.backend));
        const told = await own.recorder.explain(handle);
        if (terminal.json) {
          const { state, because = null, endedAt, sentences } = told;
          const shown = sentences.map(({ at, text }) => ({ at: isoText(at), text }));
          const ended = endedAt === undefined ? null : isoText(endedAt);
          await terminal.print(JSON.stringify({ handle, state, because, endedAt: ended, sentences: shown }));
        } else await terminal.print(told.text);
        const knowsMore = events !== undefined || store.recorder !== undefined;
        if (told.state !== "live" && !knowsMore)
          terminal.say(
            "More is known where the application keeps events: --events URL, or --config with a recorder.",
          );
        return told.state === "unknown" ? 3 : 0;
      } finally {
        await events?.backend.close();
        await events?.close();
      }
    };
  },
});

/** The recorder of the module, or one of this process. */
class Own implements Disposable {
  readonly recorder: Store["recorder"] & {};
  readonly #made: Disposable | undefined;

  constructor({ sessions, recorder }: Store, store: ReturnType<typeof eventStore> | undefined) {
    const made =
      recorder === undefined || store !== undefined ? recordEvents(sessions, { store }) : undefined;
    this.#made = made;
    this.recorder = made ?? recorder!;
  }

  [Symbol.dispose](): void {
    this.#made?.[Symbol.dispose]();
  }
}
