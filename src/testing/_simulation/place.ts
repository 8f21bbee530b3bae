import type { Awaitable, LoadSave, SessionBackend } from "../../backends/backend.ts";
import type { Environment } from "../../environment.ts";

/** What a call does to the store. One that is full refuses writes. */
export type Kind = "read" | "write" | "remove";

/** Where a back-end runs: one server of a world. */
export interface Place {
  /** The server's own clock, chance and timers. */
  readonly environment: Environment;
  /** Which server of the world it is, from 0. */
  readonly server: number;
  /**
   * Runs one atomic step of the store at the other end of the network, which may delay it, lose it or lose its answer.
   * `kind`, default "write": whether a store that is full refuses it. `again`: whether the client sends it once more if no
   * answer comes.
   */
  call<T>(name: string, step: () => Awaitable<T>, kind?: Kind, again?: boolean): Promise<T>;
  /** Runs `tell` later, as a message of the store arrives, or never; then `lost` is run as soon as it is lost. */
  hear(tell: () => void, lost?: () => void): void;
}

/** One store that the servers of a world share. */
export interface SimulatedStore {
  /** Makes the back-end of a server; it is made anew when the server restarts. */
  open(place: Place): SessionBackend | LoadSave;
  /** Takes a copy of all that is stored, and returns a function that puts it back: what a failover to a stale copy does. */
  copy?(): () => void;
  close?(): Awaitable<void>;
}

/** Two stores, between which sessions move while servers use them. */
export interface MovingStore extends SimulatedStore {
  /** Moves all that is there, as a process beside the servers does. */
  move(place: Place): Promise<unknown>;
}

/** Makes a fresh, empty store for one world. `environment` has the store's own clock. */
export type CreateSimulated = (environment: Environment) => SimulatedStore | SessionBackend | LoadSave;
