import { describe, expect, test } from "vitest";
import { type Asked, type Content, decide, type Facts, type Step } from "../../src/core/decide.ts";

/*
 * Every combination of what a commit can know, and the one thing that it then does. A row is what the request asked for, a
 * column what its data is now. "a|b": a if nobody is signed in, b if somebody is. "touch?": touch if the idle deadline is
 * due, else keep.
 */

/** Nothing is stored yet. `a/b`: b if the cookie was replaced at a sign-in a moment ago. */
const NEW = `
              same            changed         none    drained  drainedByUpdate  replaced
  nothing     create/discard  create/discard  keep    keep     keep             keep
  logout      end             end             end     end      end              end
  rotate      create/discard  create/discard  keep    keep     keep             keep
  elevate     create/discard  create/discard  keep    keep     keep             keep
  login       create          create          create  create   create           create
  regenerate  create          create          keep    keep     keep             keep
  signOut     create/discard  create/discard  keep    keep     keep             keep
`;

/** There is a record, and it was opened with the current id. */
const STORED = `
              same            changed         none    drained             drainedByUpdate     replaced
  nothing     touch?          save            touch?  endOrSave|save      endOrSave|touch?    endReplaced
  logout      end             end             end     end                 end                 end
  rotate      rotate          rotate          rotate  endOrRotate|rotate  endOrRotate|rotate  endReplaced
  elevate     rotate          rotate          rotate  endOrRotate|rotate  endOrRotate|rotate  endReplaced
  login       rotate          rotate          rotate  rotate              rotate              rotate
  regenerate  rotate|replace  rotate|replace  end     end                 end                 end
  signOut     rotate|replace  rotate|replace  end     end                 end                 end
`;

/**
 * It was opened with the id before a rotation: that need not be rotated again, and may end the session, but not change its
 * rights. The other rows are the same.
 */
const GRACE = `
              same            changed         none         drained             drainedByUpdate     replaced
  rotate      touch?          save            touch?       endOrSave|save      endOrSave|touch?    endReplaced
  elevate     refuseGrace     refuseGrace     refuseGrace  refuseGrace         refuseGrace         refuseGrace
  login       own             own             own          own                 own                 own
  regenerate  own|replace     own|replace     end          end                 end                 end
  signOut     own|replace     own|replace     end          end                 end                 end
`;

/** It can only be looked at, so a change is refused. */
const READ_ONLY = `
              same            changed         none    drained         drainedByUpdate  replaced
  anything    keep            refuseReadOnly  keep    refuseReadOnly  refuseReadOnly   refuseReadOnly
`;

interface Cell {
  readonly row: string;
  readonly content: Content;
  readonly text: string;
}

function cellsOf(table: string): Cell[] {
  const [columns = [], ...rows] = table
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  return rows.flatMap(([row = "", ...cells]) =>
    cells.map((text, index) => ({ row, content: columns[index] as Content, text })),
  );
}

const BOTH = [false, true];

/** Every combination with the step that the tables say. */
function rowsOfTables(): [Facts, Step][] {
  const rows: [Facts, Step][] = [[{ phase: "over" }, "refuseOver"]];
  for (const { row } of cellsOf(NEW).filter(({ content }) => content === "same"))
    for (const lives of BOTH) {
      const step = lives && row === "logout" ? "end" : "keep";
      rows.push([{ phase: "ended", lives, asked: row as Asked }, step]);
    }
  for (const { content, text } of cellsOf(READ_ONLY))
    rows.push([{ phase: "readOnly", content }, text as Step]);
  for (const { row, content, text } of cellsOf(NEW)) {
    for (const superseded of BOTH) {
      const [plain = "", late = plain] = text.split("/");
      const step = (superseded ? late : plain) as Step;
      rows.push([{ phase: "new", superseded, asked: row as Asked, content }, step]);
    }
  }
  const grace = new Map(cellsOf(GRACE).map((cell) => [`${cell.row} ${cell.content}`, cell.text]));
  for (const { row, content, text } of cellsOf(STORED)) {
    for (const isGrace of BOTH)
      for (const signedIn of BOTH)
        for (const touchDue of BOTH) {
          const cell = (isGrace ? grace.get(`${row} ${content}`) : undefined) ?? text;
          const [nobody = "", somebody = nobody] = cell.split("|");
          const chosen = signedIn ? somebody : nobody;
          const step = (chosen === "touch?" ? (touchDue ? "touch" : "keep") : chosen) as Step;
          rows.push([
            { phase: "stored", signedIn, grace: isGrace, touchDue, asked: row as Asked, content },
            step,
          ]);
        }
  }
  return rows;
}

describe("what a commit does", () => {
  const rows = rowsOfTables();

  test("the tables name every combination once", () => {
    const asked = 7;
    const contents = 6;
    const stored = asked * contents * 2 ** 3;
    expect(rows).toHaveLength(1 + asked * 2 + contents + asked * contents * 2 + stored);
    expect(new Set(rows.map(([facts]) => JSON.stringify(facts))).size).toBe(rows.length);
  });

  test("each combination does what its cell says", () => {
    const wrong = rows
      .map(([facts, step]) => ({ facts, step, decided: decide(facts) }))
      .filter(({ step, decided }) => step !== decided)
      .map(({ facts, step, decided }) => `${JSON.stringify(facts)}: ${decided}, not ${step}`);
    expect(wrong).toEqual([]);
  });
});
