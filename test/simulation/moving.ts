import { type SessionBackend, toBackend } from "micropie/backends/backend";
import { MovingSessionBackend, moveSessions } from "micropie/backends/moving";
import type { Environment } from "micropie/environment";
import { overNetwork } from "micropie/testing/_simulation/link";
import type { MovingStore } from "micropie/testing/_simulation/place";
import type { CreateSimulated, Place, SimulatedStore } from "micropie/testing/simulation";
import type { Kind } from "./kind.ts";

/** How many of the servers move sessions; the others are from before that was turned on. */
const MOVERS = 0.7;

/** Two stores, and sessions that move from the one to the other while servers use them. */
export function moving(from: Kind, to: Kind): Kind {
  return {
    create(environment) {
      const source = opened(from.create, environment);
      const target = opened(to.create, environment);
      const stores = (place: Place): { readonly from: SessionBackend; readonly to: SessionBackend } => ({
        from: source.open(place),
        to: target.open(place),
      });
      const store: MovingStore = {
        open: (place) =>
          new MovingSessionBackend({ ...stores(place), move: place.environment.random() < MOVERS }),
        move: (place) => moveSessions(stores(place)),
        async close() {
          await source.close?.();
          await target.close?.();
        },
      };
      return store;
    },
    abilities: {
      servers: Math.min(from.abilities.servers, to.abilities.servers),
      ownClock: from.abilities.ownClock && to.abilities.ownClock,
      copies: false,
      scans: from.abilities.scans === true && to.abilities.scans === true,
      moves: true,
    },
  };
}

/** A store whose back-ends have the environment of their place from the beginning. */
function opened(
  create: CreateSimulated,
  environment: Environment,
): Pick<SimulatedStore, "close"> & { open(place: Place): SessionBackend } {
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
    close: () => store.close?.(),
  };
}
