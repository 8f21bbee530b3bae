import { InMemorySessionBackend } from "micropie";
import { SessionStore, type StoredSession } from "micropie/compat/store";
import { GatedBackend, virtualEnvironment, withClock } from "micropie/testing";
import { expect, onTestFinished, test, vi } from "vitest";

/** A store whose back-end and process have one clock, which the test moves. */
function storeAt() {
  const clock = virtualEnvironment();
  const began = clock.now();
  const passed = (): number => (clock.now() - began) * 1000;
  const { now } = performance;
  const wall = Date.now();
  const spies = [
    vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + passed()),
    vi.spyOn(Date, "now").mockImplementation(() => wall + passed()),
  ];
  onTestFinished(() => spies.forEach((spy) => void spy.mockRestore()));
  const backend = new GatedBackend(withClock(new InMemorySessionBackend(), clock.now));
  const store = new SessionStore(backend);
  const set = (session: object) => new Promise((resolve) => store.set("one", session, resolve));
  const get = () =>
    new Promise<StoredSession | null>((resolve) => store.get("one", (_, data) => resolve(data!)));
  return { clock, backend, set, get };
}

test("a maxAge of 5 milliseconds is over after 5, though stores count whole seconds", async () => {
  const { clock, set, get } = storeAt();
  await set({ cookie: { maxAge: 5 } });
  await clock.advance(0.004);
  expect((await get())?.cookie.originalMaxAge).toBe(5);
  await clock.advance(0.002);
  expect(await get()).toBeNull();
});

test("a maxAge of 1500 milliseconds: the cookie that comes back has the milliseconds that are left", async () => {
  const { clock, set, get } = storeAt();
  await set({ cookie: { maxAge: 1500 } });
  await clock.advance(1);
  const { expires } = (await get())!.cookie;
  expect(Math.round(Number(expires) - Date.now())).toBe(500);
  await clock.advance(0.5);
  expect(await get()).toBeNull();
});

test("a session of milliseconds lives on with each save", async () => {
  const { clock, backend, set, get } = storeAt();
  await set({ cookie: { maxAge: 100 } });
  for (let request = 0; request < 5; request++) {
    await clock.advance(0.05);
    const session = await get();
    expect(session).not.toBeNull();
    session!.cookie.expires = new Date(Date.now() + 100);
    await set(session!);
  }
  expect(backend.count("touch")).toBe(5);
  await clock.advance(0.2);
  expect(await get()).toBeNull();
});
