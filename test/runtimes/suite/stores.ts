import { EncryptedSessionBackend } from "micropie/backends/encrypted";
import { InMemorySessionBackend } from "micropie/backends/memory";
import { type BackendSuiteOptions, withClock } from "micropie/testing";

type Create = BackendSuiteOptions["create"];

export const memory: Create = ({ now }) => ({ backend: withClock(new InMemorySessionBackend(), now) });

export const encrypted: Create = ({ now }) => {
  const keys = { one: new Uint8Array(32).map((_, index) => index) };
  return { backend: new EncryptedSessionBackend(withClock(new InMemorySessionBackend(), now), { keys }) };
};
