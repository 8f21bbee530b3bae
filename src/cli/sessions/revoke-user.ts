import { checkUserId } from "../../core/user.ts";
import { misuse } from "../options.ts";
import { CONFIRM_OPTIONS, confirmed } from "./confirm.ts";
import { Ended } from "./ended.ts";
import { readHandle } from "./handle.ts";
import { sessionTable } from "./rows.ts";
import { helpOf, type Subcommand, subcommand } from "./subcommand.ts";
import { counted, numberText } from "./words.ts";

const HOW = helpOf("revoke-user");
const SHOWN = 10;

/** Ends all sessions of a user. */
export const revokeUser: Subcommand = subcommand({
  name: "revoke-user",
  takes: "ID",
  arity: [1, 1],
  help: "end all sessions of a user",
  more: "Every session that was signed in before is ended, also one that signs in while the command looks.",
  options: {
    except: { type: "string", value: "HANDLE", help: "leave this one of them alone" },
    ...CONFIRM_OPTIONS,
  },
  read(values, [id = ""]) {
    const userId = readUser(id);
    const except = values.except === undefined ? undefined : readHandle(values.except, HOW);
    return async ({ sessions }, terminal) => {
      const all = await sessions.list({ userId }).toArray();
      const found = all.filter(({ handle }) => handle !== except);
      const what = counted(found.length, "session");
      if (found.length > 0)
        terminal.say(sessionTable(found.slice(0, SHOWN), sessions.backend.now(), terminal));
      if (found.length > SHOWN) terminal.say(`... and ${numberText(found.length - SHOWN)} more`);
      terminal.say(`This ends ${what} of this user (exact, as of now).`);
      if (found.length > 0 && !(await confirmed(terminal, `End ${what}?`, values))) return 0;
      using ended = new Ended(sessions, terminal);
      if (found.length > 0) await ended.endUser(userId, except);
      await ended.tell();
      return 0;
    };
  },
});

function readUser(id: string): string {
  try {
    return checkUserId("revoke-user", id);
  } catch (error) {
    throw misuse((error as Error).message.replace(/\.$/, ""), HOW);
  }
}
