import type { Awaitable, EndChannel, EndListener, SessionBackend } from "../../backends/backend.ts";
import type { Kind, Place } from "./place.ts";

const KINDS: Readonly<Record<string, Kind>> = {
  read: "read",
  create: "write",
  patch: "write",
  touch: "write",
  delete: "remove",
  listByUser: "read",
  revokeUser: "remove",
  lock: "write",
  relock: "write",
  standings: "read",
  scan: "read",
  countAll: "read",
  deleteMany: "remove",
  adopt: "write",
  moveOut: "write",
  prune: "remove",
};

/**
 * Returns a back-end as a server of a world has it: each of its methods is one step at the other end of the network. What it is
 * given to keep is noted in `kept`.
 */
export function overNetwork(inner: SessionBackend, place: Place, kept: string[] = []): SessionBackend {
  const own: Record<string, unknown> = { environment: place.environment, onExpired: undefined };
  for (const [name, kind] of Object.entries(KINDS)) {
    const method = inner[name as "read"] as (...args: unknown[]) => Awaitable<unknown>;
    own[name] = (...args: unknown[]) => {
      if (name === "create" || name === "patch") kept.push(JSON.stringify(args));
      return place.call(name, () => method.apply(inner, args), kind);
    };
  }
  own.listen = (listener: EndListener) => place.call("listen", () => heardBy(inner, listener, place), "read");
  own.close = () => {};
  return new Proxy(inner, {
    get(target, name) {
      if (name in own) return own[name as string];
      const member: unknown = Reflect.get(target, name, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
    set(_, name, value) {
      own[name as string] = value;
      return true;
    },
  });
}

/** What the store tells comes by the network too. */
function heardBy(
  inner: SessionBackend,
  listener: EndListener,
  { hear }: Place,
): Awaitable<EndChannel | undefined> {
  return inner.listen(overChannel(listener, hear));
}

/**
 * Returns a listener whose messages come by the network, on one connection: in the order in which they were sent, and none after
 * one that is lost.
 */
export function overChannel(listener: EndListener, hear: Place["hear"]): EndListener {
  /** Those on their way, the first one first; true once it has come. */
  const sent: { tell: () => void; isHere: boolean }[] = [];
  let isBroken = false;
  const send = (tell: () => void): void => {
    const message = { tell, isHere: false };
    sent.push(message);
    hear(
      () => {
        message.isHere = true;
        while (!isBroken && sent[0]?.isHere) sent.shift()!.tell();
      },
      () => {
        isBroken = true;
      },
    );
  };
  return {
    told: (notice) => send(() => listener.told(notice)),
    heard: (text) => send(() => listener.heard(text)),
    lost: () => send(() => listener.lost()),
  };
}
