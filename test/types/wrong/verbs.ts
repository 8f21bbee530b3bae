import {
  createSessions,
  exclusive,
  info,
  login,
  logout,
  type ReadonlySession,
  rotate,
  type Session,
  type SessionError,
  save,
  take,
  update,
} from "micropie";
import { expressSessions } from "micropie/adapters/express";

interface Data {
  cart: string[];
  visits: number;
  nested: { deep: number };
}

export async function notASession(session: Session<Data>): Promise<void> {
  // @ts-expect-error a copy
  login({ ...session }, "ann");
  // @ts-expect-error
  logout({});
  // @ts-expect-error
  info(new Date());
  // @ts-expect-error
  await save([]);
  // @ts-expect-error an object inside
  rotate(session.nested ?? { deep: 1 });
  // @ts-expect-error a copy
  await update({ ...session }, "visits", (visits = 0) => visits + 1);
  // @ts-expect-error a copy
  await take({ ...session }, "visits");
  // @ts-expect-error
  await exclusive({}, () => 1);
  // @ts-expect-error
  login("ann", session);
}

export async function wrongKeyOrValue(session: Session<Data>): Promise<void> {
  await update(session, "visits", (visits = 0) => visits + 1);
  // @ts-expect-error misspelt
  await update(session, "visit", (visits = 0) => visits + 1);
  // @ts-expect-error not its type
  await update(session, "visits", () => "three");
  // @ts-expect-error misspelt
  await take(session, "notice");
  // @ts-expect-error not its type
  session.cart = 3;
  // @ts-expect-error there may be none
  session.visits += 1;
  // @ts-expect-error
  login(session, undefined);
  // @ts-expect-error
  login(session, "ann", { idle: "7d" });
  // @ts-expect-error
  rotate(session, "elevate");
}

export async function toBeLookedAt(session: ReadonlySession<Data>): Promise<void> {
  info(session);
  // @ts-expect-error
  session.visits = 1;
  // @ts-expect-error
  login(session, "ann");
  // @ts-expect-error
  logout(session);
  // @ts-expect-error
  await save(session);
  // @ts-expect-error
  await update(session, "visits", () => 1);
}

export function wrongCode(error: SessionError): number {
  switch (error.code) {
    case "backend_failed":
      return error.status;
    // @ts-expect-error misspelt
    case "backend_fail":
      return 1;
    default:
      return 0;
  }
}

export async function wrongSessions(): Promise<void> {
  const sessions = createSessions<Data>();
  const session = await sessions.load();
  await sessions.revoke({ handle: "A".repeat(16) });
  await sessions.revoke({ userId: "ann", except: session });
  // @ts-expect-error a text alone does not say what it is
  await sessions.revoke("A".repeat(16));
  // @ts-expect-error a copy
  await sessions.revoke({ userId: "ann", except: { ...session } });
  // @ts-expect-error whose
  await sessions.list({ userId: undefined }).toArray();
  sessions.on("revoked", ({ handle }) => handle.length);
  // @ts-expect-error no such event
  sessions.on("destroyed", () => {});
  // @ts-expect-error not of every event
  sessions.on("unknown", ({ userId }) => userId);
  // @ts-expect-error misspelt
  await sessions.update({ handle: "A".repeat(16) }, "visit", () => 1);
}

// @ts-expect-error no space
createSessions({ timeouts: { idle: "30 min" } });
// @ts-expect-error no such level
createSessions({ timeouts: "aal4" });
// @ts-expect-error lower case
createSessions({ cookie: { sameSite: "Lax" } });
// @ts-expect-error no such prefix
createSessions({ cookie: { prefix: "__Http-" } });
// @ts-expect-error misspelt
createSessions({ backendTimeOut: "5s" });
// @ts-expect-error misspelt
expressSessions(createSessions(), { skipp: ["/health"] });
// @ts-expect-error not a list
expressSessions(createSessions(), { skip: "/health" });

// What is right, for any data.
export function anyData(session: Session<Data>): void {
  const narrower: Session<{ visits: number }> = session;
  const anything: Session = session;
  login(anything, 1);
  info(narrower);
}
export function generic<T extends { cart: string[] }>(session: Session<T>): T["cart"] | undefined {
  logout(session);
  return session.cart;
}
