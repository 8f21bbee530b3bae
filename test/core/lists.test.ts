import { createSessions, InMemorySessionBackend, login } from "micropie";
import type { ScanOptions } from "micropie/backends/backend";
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

/** A store that takes its time for each page. */
class SlowBackend extends InMemorySessionBackend {
  override scan(options: ScanOptions): never {
    const page = super.scan(options);
    const { environment } = this;
    return new Promise((resolve) => environment.timer(0.25, () => resolve(page))) as never;
  }
}

test("a listing of all sessions leaves two thirds of the time to others: it rests between two pages twice as long as the page took", async () => {
  const environment = virtualEnvironment();
  const sessions = createSessions({ backend: new SlowBackend(), environment });
  for (let n = 0; n < 500; n++) {
    const session = await sessions.load();
    session.visits = n;
    await sessions.commit(session);
  }
  const begun = environment.now();
  const listed = await environment.run(sessions.list().toArray());
  expect(listed).toHaveLength(500);
  // Three pages, and two rests.
  expect(environment.now() - begun).toBeCloseTo((3 + 2 * 2) * 0.25);
});
