import { createSessions, InMemorySessionBackend, login } from "micropie";
import { virtualEnvironment } from "micropie/testing";
import { expect, test } from "vitest";

test("a user's sessions are listed oldest first, by their sign-in, in whatever order the store has them", async () => {
  const environment = virtualEnvironment();
  const backend = new InMemorySessionBackend();
  const { listByUser } = backend;
  backend.listByUser = (userId) => listByUser.call(backend, userId).reverse();
  const sessions = createSessions<{ device: string }>({ backend, environment });
  const signIn = async (device: string, cookie?: string): Promise<string | undefined> => {
    const session = await sessions.load(cookie);
    session.device = device;
    login(session, "ann");
    environment.advance(60);
    return (await sessions.commit(session))?.split(";")[0];
  };
  const phone = await signIn("phone");
  await signIn("laptop");
  await signIn("tablet");
  await signIn("phone, again", phone);
  const listed = await sessions.list({ userId: "ann" }).toArray();
  expect(listed.map(({ data }) => data.device)).toEqual(["laptop", "tablet", "phone, again"]);
  expect(listed.map(({ signedInAt }) => signedInAt! - environment.now())).toEqual([-120, -60, 0]);
});
