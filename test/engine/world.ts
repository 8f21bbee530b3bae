import type { Session } from "micropie";
import type { VirtualEnvironment } from "micropie/testing";
import type { Data, World } from "micropie/testing/world";

/** What one case of the engine works with. */
export interface EngineWorld extends World {
  /** The environment of all engines of this world. The store has its own clock, which `advance` moves. */
  readonly environment: VirtualEnvironment;
}

/** A case of the engine before it has a store. */
export interface EngineCase {
  readonly promise: string;
  readonly name: string;
  run(world: EngineWorld): Promise<void>;
}

/** Returns a handler that copies `data` into the session. */
export function set(data: Partial<Data>): (session: Session<Data>) => void {
  return (session) => void Object.assign(session, data);
}
