import { type SessionBackend, toBackend } from "micropie/backends/backend";
import { MovingSessionBackend, moveSessions } from "micropie/backends/moving";
import type { Environment } from "micropie/environment";
import { overNetwork } from "micropie/testing/_simulation/link";
import type { MovingStore } from "micropie/testing/_simulation/place";
import type { CreateSimulated, Place, SimulatedStore } from "micropie/testing/simulation";
import { Deployment, type Side } from "./deployment.ts";
import type { Kind } from "./kind.ts";

type Opened = Pick<SimulatedStore, "close" | "copy"> & { open(place: Place): SessionBackend };

/** Two stores, and sessions that move from the one to the other and back while servers use them. */
export function moving(first: Kind, second: Kind): Kind {
  return {
    create(environment) {
      const stores = { first: opened(first.create, environment), second: opened(second.create, environment) };
      const deployment = new Deployment(environment);
      const between = (from: Side, place: Place): { from: SessionBackend; to: SessionBackend } => ({
        from: stores[from].open(place),
        to: stores[from === "first" ? "second" : "first"].open(place),
      });
      const copied = [stores.first, stores.second].filter(({ copy }) => copy !== undefined);
      const store: MovingStore = {
        open(place) {
          const { from, move } = deployment.start(place.server);
          return new MovingSessionBackend({ ...between(from, place), move });
        },
        move: (place) => deployment.whileMoving(place.server, (from) => moveSessions(between(from, place))),
        ...(copied.length === 0
          ? {}
          : { copy: () => copied[Math.floor(environment.random() * copied.length)]!.copy!() }),
        async close() {
          await stores.first.close?.();
          await stores.second.close?.();
        },
      };
      return store;
    },
    abilities: {
      servers: Math.min(first.abilities.servers, second.abilities.servers),
      ownClock: first.abilities.ownClock && second.abilities.ownClock,
      copies: first.abilities.copies || second.abilities.copies,
      scans: first.abilities.scans === true && second.abilities.scans === true,
      moves: true,
    },
  };
}

/** A store whose back-ends have the environment of their place from the beginning. */
function opened(create: CreateSimulated, environment: Environment): Opened {
  const made = create(environment);
  const store: SimulatedStore =
    "open" in made ? made : { open: (place) => overNetwork(toBackend(made), place) };
  if (!("open" in made)) toBackend(made).environment = environment;
  return {
    open(place) {
      const backend = toBackend(store.open(place));
      backend.environment = place.environment;
      return backend;
    },
    ...(store.copy === undefined ? {} : { copy: () => store.copy!() }),
    close: () => store.close?.(),
  };
}
