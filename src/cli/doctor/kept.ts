import { handleOf } from "../../core/token.ts";
import type { Answer } from "./answer.ts";
import type { Finding } from "./finding.ts";
import type { SeenCookie } from "./seen-cookie.ts";
import { isOurs } from "./session-cookie.ts";

const FIX =
  "Processes need one backend for all, such as RedisSessionBackend; each has its own memory. A restart empties the memory too. " +
  "Does a proxy remove the header Cookie? Have all processes the same realm and cookie options?";

/** Returns a finding if the second answer, to a request with the cookie, shows that the session was not kept. */
export function keptFinding(cookie: SeenCookie, second: Answer, method: string): Finding | undefined {
  const again = second.cookies.findLast(({ name }) => name === cookie.name);
  if (again === undefined || !isReplaced(cookie, again, method)) return undefined;
  const what = again.isRemoval ? "removes it" : "sets another one";
  return {
    code: "not_kept",
    seen: `the request with ${cookie.name} was answered by ${again.shown}, which ${what}`,
    why: "The server did not find the session of the cookie that it had just set, so nothing stays from one request to the next.",
    fix: isOurs(cookie)
      ? FIX
      : `${FIX} If ${cookie.name} is not the session cookie, say which one is: --name.`,
  };
}

/** A sign-in renews the id: of our tokens the handle stays, of others nothing does, so only GET tells. */
function isReplaced(cookie: SeenCookie, again: SeenCookie, method: string): boolean {
  if (isOurs(cookie) && isOurs(again)) return handleOf(cookie.value) !== handleOf(again.value);
  return again.value !== cookie.value && (method === "GET" || isOurs(cookie));
}
