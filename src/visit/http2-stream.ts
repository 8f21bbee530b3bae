import { StateError } from "../errors.ts";
import { addDue, type NodeHeaders } from "./answer.ts";
import type { Method } from "./node-response.ts";
import { each, type Use } from "./use.ts";

type HeaderRecord = Record<string, string | readonly string[]>;

/** The methods of an HTTP/2 stream that send a head, and where they take the headers. */
const WAYS = { respond: 0, respondWithFD: 1, respondWithFile: 1 } as const;

/**
 * Calls `passed` before a method of the stream of an HTTP/2 response sends a head, with the headers that it will send.
 * The methods of the response call them too.
 */
export function watchStream(res: object, passed: (headers: NodeHeaders) => void): void {
  const { stream } = res as { stream?: object };
  // The client can have left.
  if (stream === undefined) return;
  const methods = stream as Record<keyof typeof WAYS, Method>;
  for (const name of Object.keys(WAYS) as (keyof typeof WAYS)[]) {
    const send = methods[name];
    methods[name] = function (this: object, ...args: unknown[]) {
      const headers = recordOf(args[WAYS[name]]);
      args[WAYS[name]] = headers;
      passed(headersOf(headers));
      return send.apply(this, args);
    };
  }
}

/**
 * Saves the sessions of a request that is answered on the stream, and adds headers. Such an answer cannot wait: if the
 * save does, a cookie cannot go along, which is reported. Throws the error of a save that does not wait.
 */
export function passBy(uses: readonly Use[], headers: NodeHeaders, tell: (error: unknown) => void): void {
  for (const use of uses) use.mayLook?.();
  const saving = each(uses, "commit");
  for (const use of uses) addDue(headers, use);
  if (!(saving instanceof Promise)) return;
  const message = "A handler answered by res.stream, so the session cookie was not sent.";
  saving.then(() => {
    if (uses.some(({ line }) => line !== undefined)) tell(new StateError("headers_sent", message));
  }, tell);
}

/** Returns a copy of the headers: an object, or a flat array of names and values. Keeps its symbols (`sensitiveHeaders`). */
function recordOf(given: unknown): HeaderRecord {
  if (!Array.isArray(given)) return Object.assign(Object.create(null), given);
  const record: HeaderRecord = Object.create(null);
  for (let index = 0; index < given.length; index += 2) {
    const [name, value] = [String(given[index]), given[index + 1]];
    record[name] = name in record ? [record[name]!, value].flat() : value;
  }
  return record;
}

function headersOf(record: HeaderRecord): NodeHeaders {
  const nameOf = (name: string): string =>
    Object.keys(record).find((known) => known.toLowerCase() === name.toLowerCase()) ?? name.toLowerCase();
  return {
    getHeader: (name) => record[nameOf(name)] as string | string[] | undefined,
    setHeader(name, value) {
      record[nameOf(name)] = value;
    },
  };
}
