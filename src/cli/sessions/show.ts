import type { ListedSession } from "../../core/listed.ts";
import { plain } from "../../core/plain.ts";
import { DATA_OPTIONS, redactionIn, shownData } from "./data.ts";
import { readHandle } from "./handle.ts";
import { noSuch } from "./none.ts";
import { deviceText, shownSession } from "./shown.ts";
import { helpOf, type Subcommand, subcommand } from "./subcommand.ts";
import { lengthText, timeText } from "./words.ts";

const HOW = helpOf("show");

/** Shows one session. */
export const show: Subcommand = subcommand({
  name: "show",
  takes: "HANDLE",
  arity: [1, 1],
  help: "show one session",
  options: DATA_OPTIONS,
  read(values, [text = ""]) {
    const handle = readHandle(text, HOW);
    const data = redactionIn(values);
    return async ({ sessions }, terminal) => {
      const [session] = await sessions.list({ handle }).toArray();
      if (session === undefined) throw noSuch(handle);
      if (terminal.json) {
        await terminal.print(JSON.stringify(shownSession(session, data)));
        return 0;
      }
      for (const [name, value] of factsOf(session, sessions.backend.now()))
        await terminal.print(`${name.padEnd(15)}${plain(value)}`);
      if (data !== undefined)
        await terminal.print(`data           ${JSON.stringify(shownData(session.data, data), null, 2)}`);
      return 0;
    };
  },
});

/** The lines of one session, without those that say nothing. */
export function factsOf(session: ListedSession, now: number): [name: string, value: string][] {
  const { handle, userId, createdAt, signedInAt, by, lastSeenAt, expiresAt, absoluteExpiresAt, device } =
    session;
  const past = (time: number): string => `${timeText(time)} UTC, ${lengthText(now - time)} ago`;
  const future = (time: number): string => `${timeText(time)} UTC, in ${lengthText(time - now)}`;
  const facts: [string, string][] = [
    ["handle", handle],
    ["user", userId ?? "nobody is signed in"],
    ["created", past(createdAt)],
    ["signed in", signedInAt === undefined ? "" : past(signedInAt)],
    ["by", by.join(", ")],
    ["last seen", past(lastSeenAt)],
    ["expires", `${future(expiresAt)}, if no request comes`],
    ["at most until", future(absoluteExpiresAt)],
    ["device", deviceText({ ...device, userAgent: undefined })],
    ["user agent", device.userAgent ?? ""],
    ["address", device.address ?? ""],
    ["cookie", session.persistent ? "outlives the browser" : "ends with the browser"],
  ];
  return facts.filter(([, value]) => value !== "");
}
