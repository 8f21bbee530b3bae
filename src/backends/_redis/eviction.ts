import { BackendError } from "../../errors.ts";
import { warn } from "../../warning.ts";
import { type Run, textOf } from "./client.ts";
import { script } from "./script.ts";

/** Replies the policy of this node, "noeviction" if its memory has no limit, or "" where the user may not ask. */
const POLICY = script(`
local info = redis.pcall('INFO', 'memory')
if type(info) ~= 'string' then return '' end
if string.match(info, '\\nmaxmemory:(%d+)') == '0' then return 'noeviction' end
return string.match(info, '\\nmaxmemory_policy:(%S+)') or ''`);

const ADVICE = "Set maxmemory-policy to noeviction.";

/** What to do about a server that may evict users' lists: warn once at the first sign-in, and refuse to call a revocation whole. */
export class Eviction {
  readonly #run: Run;
  #hasWarned = false;

  constructor(run: Run) {
    this.#run = run;
  }

  /** Warns with the code `MICROPIE_REDIS_EVICTION`, the first time that it is called, if the node of this key evicts or does not tell. */
  async warnOnce(key: string): Promise<void> {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const policy = await this.#policy(key);
    if (policy === "noeviction") return;
    const what =
      policy === ""
        ? "This server does not tell its maxmemory-policy. If it evicts keys, the lists of users' sessions are not whole"
        : `This server's maxmemory-policy is ${policy}: when it is full, it signs users out, list misses sessions, and revoke of a user rejects`;
    warn("MICROPIE_REDIS_EVICTION", `${what}. ${ADVICE}`);
  }

  /** Throws BackendError if the node of this key evicts. */
  async refuse(key: string, operation: string): Promise<void> {
    const policy = await this.#policy(key);
    if (policy === "" || policy === "noeviction") return;
    throw new BackendError(
      "backend_failed",
      operation,
      `The sessions on the user's list were ended, but Redis may have evicted others from it: its maxmemory-policy is ${policy}. ${ADVICE}`,
    );
  }

  #policy(key: string): Promise<string> {
    return this.#run(POLICY, key, [], textOf);
  }
}
