import type { SessionBackend } from "../backends/backend.ts";
import { ConfigError } from "../errors.ts";
import type { ResolvedOptions } from "./resolved-options.ts";

/** What the engines of one realm must agree on, or a session would be another one through each of them. */
const AGREED: readonly (readonly [option: string, of: (options: ResolvedOptions) => unknown])[] = [
  ["cookie.name", ({ cookie }) => cookie.name],
  ["cookie", ({ cookie }) => cookie.attributes],
  ["cookie.persistent", ({ cookie }) => cookie.persistent],
  ["timeouts.level", ({ timeouts }) => timeouts.level],
  ["timeouts.idle", ({ timeouts }) => timeouts.idle],
  ["timeouts.absolute", ({ timeouts }) => timeouts.absolute],
];

const mounted = new WeakMap<SessionBackend, Map<string, ResolvedOptions>>();

/**
 * Notes that sessions of this realm are on this back-end. Throws ConfigError if there are some already with another
 * cookie or timeouts: whoever has an id of the one could use it as an id of the other.
 */
export function checkMounted(backend: SessionBackend, options: ResolvedOptions): void {
  const realms = mounted.get(backend) ?? new Map<string, ResolvedOptions>();
  mounted.set(backend, realms);
  const other = realms.get(options.realm);
  if (other === undefined) {
    realms.set(options.realm, options);
    return;
  }
  for (const [option, of] of AGREED) {
    if (of(other) === of(options)) continue;
    throw new ConfigError(
      option,
      `This back-end already has sessions of the realm "${options.realm}" with ${described(of(other))}, not ` +
        `${described(of(options))}. To keep the two apart, pass another \`realm\`; to share the sessions, pass the same \`${option}\`.`,
    );
  }
}

function described(value: unknown): string {
  return value === undefined ? "none" : JSON.stringify(value);
}
