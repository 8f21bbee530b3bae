import type { HeldResponse } from "./_response.ts";

/**
 * Moves the headers that were given to `writeHead` (an object, a flat array, an array of pairs) to where `setHeader`
 * puts them, by the rules of `writeHead`: they replace what was set before. Answers the arguments that are left.
 */
export function unpackHead(res: HeldResponse, args: unknown[]): unknown[] {
  const [status, message] = args;
  const rest = typeof message === "string" ? [status, message] : [status];
  const headers = args[2] ?? (typeof message === "string" ? undefined : message);
  if (typeof headers !== "object" || headers === null) return rest;
  if (!Array.isArray(headers)) {
    const named = headers as Record<string, string>;
    for (const name of Object.keys(named)) if (name) res.setHeader(name, named[name]!);
    return rest;
  }
  const pairs = pairsOf(headers);
  for (const [name] of pairs) res.removeHeader(name);
  for (const [name, value] of pairs) if (name) res.appendHeader(name, value);
  return rest;
}

function pairsOf(list: unknown[]): [string, string][] {
  if (Array.isArray(list[0])) return list as [string, string][];
  if (list.length % 2 !== 0) {
    throw Object.assign(new TypeError("The argument 'headers' is invalid: a flat array holds pairs."), {
      code: "ERR_INVALID_ARG_VALUE",
    });
  }
  const pairs: [string, string][] = [];
  for (let index = 0; index < list.length; index += 2) {
    pairs.push([list[index] as string, list[index + 1] as string]);
  }
  return pairs;
}
