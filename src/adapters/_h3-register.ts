import type { RegisteredSessions } from "./_registered.ts";

export type { RegisteredSessions } from "./_registered.ts";

declare module "h3" {
  interface H3EventContext extends RegisteredSessions {}
}
