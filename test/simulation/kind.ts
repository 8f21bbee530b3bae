import type { Abilities } from "micropie/testing/_simulation/planned";
import type { CreateSimulated } from "micropie/testing/simulation";

/** A kind of store to simulate, and what may happen to it. */
export interface Kind {
  readonly create: CreateSimulated;
  readonly abilities: Abilities;
}
