import type { IncomingMessage } from "node:http";
import { info, type Session, update } from "micropie";
import type { GateOptions } from "micropie/sockets/gate";
import type { SocketSession } from "micropie/sockets/socket-session";

/** The little application that each socket server of the tests runs. */
export interface Data {
  n?: number;
}

/** What the tests do while a message is handled. */
export interface Hooks {
  inside(): Promise<void>;
  /** Called for a socket that has sent "push": it is to be sent to again and again. */
  push?(send: (text: string) => void): void;
}

/** By the query of a handshake: `begin` begins a session, `members` refuses strangers, `fail` throws. */
export async function authorize(
  session: Session<Data>,
  { url = "" }: { url?: string | undefined },
): Promise<number | undefined> {
  if (url.includes("case=begin")) session.n = 10;
  if (url.includes("case=fail")) throw new Error("It failed.");
  return url.includes("case=members") && info(session).userId === undefined ? 401 : undefined;
}

export const OPTIONS = { authorize, onError: () => {} } satisfies GateOptions<
  Data,
  { url?: string | undefined } & (Request | IncomingMessage)
>;

/** Answers a message of a socket. */
export async function talk(
  own: Pick<SocketSession<Data>, "opened" | "session">,
  text: string,
  hooks: Hooks,
  send: (text: string) => void,
): Promise<void> {
  if (text === "push") hooks.push?.(send);
  else send(await answer(own, text, hooks));
}

async function answer(
  own: Pick<SocketSession<Data>, "opened" | "session">,
  text: string,
  hooks: Hooks,
): Promise<string> {
  if (text === "user") return String(info(own.opened).userId);
  try {
    return await own.session(async (session) => {
      if (text === "count") return String(await update(session, "n", (n = 0) => n + 1));
      if (text === "read") return String(session.n);
      session.n = 99;
      await hooks.inside();
      return "held";
    });
  } catch (error) {
    return String((error as { code?: string }).code);
  }
}
