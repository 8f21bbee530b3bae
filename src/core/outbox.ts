import type { Client } from "./client.ts";

/** What the response has to carry. */
export interface Outbox {
  /** `header`: the token came in the header that the option `tokenHeader` names, and goes back in it. */
  readonly carrier: "cookie" | "header";
  /** Who has sent the request and gets the response, if that is known. */
  client: Client | undefined;
  /** `leaving`: they go out without waiting for the store, so only the cookie of a new session can go with them. */
  headers: "open" | "leaving" | "sent";
  /** The Set-Cookie line; by header the token alone, empty at the session's end. */
  line: string | undefined;
  /** Further Set-Cookie lines, which take cookies of another library away. */
  farewells: readonly string[];
  /** Whether an adapter sends what is due. */
  readonly byAdapter: boolean;
  /** The handle that the next record gets, because it was told before there is one. */
  reserved: string | undefined;
}
