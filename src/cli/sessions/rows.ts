import type { ListedSession } from "../../core/listed.ts";
import { type Redaction, shownData } from "./data.ts";
import { deviceText } from "./shown.ts";
import { type Column, tableText } from "./table.ts";
import type { Terminal } from "./terminal.ts";
import { lengthText, timeText } from "./words.ts";

/** Returns the columns of a table of sessions at a time of the store. */
export function sessionColumns(now: number, data?: Redaction): Column<ListedSession>[] {
  return [
    { title: "HANDLE", width: 16, text: ({ handle }) => handle },
    { title: "USER", share: 3, text: ({ userId }) => userId ?? "-" },
    { title: "CREATED", width: 16, from: 100, text: ({ createdAt }) => timeText(createdAt).slice(0, 16) },
    { title: "LAST SEEN", width: 9, text: ({ lastSeenAt }) => lengthText(now - lastSeenAt) },
    { title: "EXPIRES", width: 7, text: ({ expiresAt }) => lengthText(expiresAt - now) },
    { title: "ADDRESS", width: 15, from: 100, text: ({ device }) => device.address ?? "" },
    data === undefined
      ? { title: "DEVICE", share: 4, text: ({ device }) => deviceText(device) }
      : { title: "DATA", share: 4, text: (session) => JSON.stringify(shownData(session.data, data)) },
  ];
}

/** Returns a table of sessions, as wide as the terminal. */
export function sessionTable(sessions: readonly ListedSession[], now: number, terminal: Terminal): string {
  return tableText(sessionColumns(now), sessions, terminal.columns);
}
