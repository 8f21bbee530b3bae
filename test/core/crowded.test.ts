import { createSessions, login, rotate, type Session } from "micropie";
import { expect, test, vi } from "vitest";
import { createToken } from "../../src/core/token.ts";

test("a sign-in among more cookies than a request tries warns once, and says what to do", async () => {
  const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const sessions = createSessions();
  const request = async (cookies: readonly string[], act: (session: Session) => void): Promise<string> => {
    const session = await sessions.load(cookies.join("; "));
    session.visits = 1;
    act(session);
    return (await sessions.commit(session))!.split(";")[0]!;
  };
  const made = Array.from({ length: 9 }, () => `session_id=${createToken("session_id").value}`);
  const cookie = await request(made, () => {});
  await request([cookie, ...made], (session) => rotate(session));
  await request(made.slice(1), (session) => login(session, "ann"));
  expect(warn).not.toHaveBeenCalled();
  await request([cookie, ...made], (session) => login(session, "ann"));
  await request(made, (session) => login(session, "bob"));
  expect(warn).toHaveBeenCalledTimes(1);
  expect(warn.mock.calls[0]?.[0]).toMatch(/session_id.*prefix: "__Host-"/s);
});
