import { type Html, html } from "../app/html.ts";
import type { ListedSession } from "../core/listed.ts";
import { address, type Desk } from "./desk.ts";
import { deviceText, distance, shown } from "./words.ts";

/** How a list is sorted. */
export interface Order {
  /** The name of a column; undefined for as the store has them. */
  readonly by: string;
  /** Returns the address of the same list, sorted by a column. Undefined if there is more than is here, which nothing can sort. */
  readonly link: ((column: string) => string) | undefined;
}

interface Column {
  readonly key: string;
  readonly name: string;
  /** Whether a phone has room for it. */
  readonly isWide?: boolean;
  /** Sorts before others if it is lower. */
  readonly rank: (session: ListedSession) => number | string;
  readonly cell: (session: ListedSession, desk: Desk, now: number) => Html | string;
}

const COLUMNS: readonly Column[] = [
  {
    key: "user",
    name: "User",
    rank: ({ userId }) => userId ?? "\u{10ffff}",
    cell: ({ userId }, desk) =>
      userId === undefined
        ? html`<span class="quiet">nobody</span>`
        : html`<a href="${address(desk, "user", { id: userId })}">${shown(userId, 60)}</a>`,
  },
  {
    key: "device",
    name: "Device",
    rank: ({ device }) => deviceText(device).toLowerCase(),
    cell: ({ device }) =>
      html`${deviceText(device)}${device.address === undefined ? "" : html` <span class="quiet">from ${shown(device.address, 45)}</span>`}`,
  },
  {
    key: "seen",
    name: "Last seen",
    rank: ({ lastSeenAt }) => -lastSeenAt,
    cell: ({ lastSeenAt }, _, now) => distance(lastSeenAt, now),
  },
  {
    key: "created",
    name: "Created",
    isWide: true,
    rank: ({ createdAt }) => -createdAt,
    cell: ({ createdAt }, _, now) => distance(createdAt, now),
  },
  {
    key: "expires",
    name: "Expires",
    isWide: true,
    rank: ({ expiresAt }) => expiresAt,
    cell: ({ expiresAt }, _, now) => distance(expiresAt, now),
  },
];

/** Returns sessions as a table. */
export function sessionTable(
  sessions: readonly ListedSession[],
  desk: Desk,
  caption: string,
  { by, link }: Order,
): Html {
  const now = desk.engine.backend.now();
  const column = link && COLUMNS.find(({ key }) => key === by);
  const rows = column === undefined ? sessions : [...sessions].sort(inOrder(column));
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<thead><tr><th scope="col">Handle</th>${COLUMNS.map((each) => heading(each, each === column, link))}</tr></thead>
<tbody>${rows.map(
    (
      session,
    ) => html`<tr><td><a href="${address(desk, `session/${session.handle}`)}"><code>${session.handle}</code></a></td>${COLUMNS.map(
      ({ cell, isWide }) => html`<td${isWide ? html` class="wide"` : ""}>${cell(session, desk, now)}</td>`,
    )}</tr>
`,
  )}</tbody>
</table></div>`;
}

function heading({ key, name, isWide }: Column, isSorted: boolean, link: Order["link"]): Html {
  const text = link === undefined ? name : html`<a href="${link(key)}">${name}</a>`;
  return html`<th scope="col"${isWide ? html` class="wide"` : ""}${isSorted ? html` aria-sort="ascending"` : ""}>${text}</th>`;
}

function inOrder({ rank }: Column): (one: ListedSession, other: ListedSession) => number {
  return (one, other) => {
    const [before, after] = [rank(one), rank(other)];
    return before < after ? -1 : before > after ? 1 : 0;
  };
}
