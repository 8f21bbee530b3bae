import type { RegisteredSessions } from "./_registered.ts";

export type { RegisteredSessions } from "./_registered.ts";

declare global {
  namespace App {
    interface Locals extends RegisteredSessions {}
  }
}
