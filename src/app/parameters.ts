/** How many path segments a method takes. */
export interface Parameters {
  readonly required: number;
  /** Infinity if there is a rest parameter or the function uses `arguments`. */
  readonly most: number;
  /** Their names for error messages; empty where the source has none. */
  readonly names: readonly string[];
}

const SPACE_OR_COMMENT = /(?:\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*)+/y;
const NAME_ONLY = /^(?:async\s+)?([\w$\u0080-\uffff]+)\s*=>/;
const CLOSING: Record<string, string> = { "(": ")", "[": "]", "{": "}" };

/**
 * Reads the parameter list of a function from its source, because `length` does not count parameters with a default.
 * Returns undefined for a class, which cannot be a handler. Uses `length` if there is no source (a bound or native function).
 */
export function parametersOf(fn: (...values: never[]) => unknown): Parameters | undefined {
  const source = Function.prototype.toString.call(fn);
  if (/^class\b/.test(source)) return undefined;
  const single = NAME_ONLY.exec(source);
  if (single !== null) return { required: 1, most: 1, names: [single[1]!] };
  const list = source.includes("[native code]") ? undefined : split(source);
  if (list === undefined) return { required: fn.length, most: fn.length, names: [] };
  const { parts, end } = list;
  const rest = parts.some((part) => part.startsWith("..."));
  const open = rest || readsArguments(source, end);
  const names = parts.map((part) => /^[\w$\u0080-\uffff]+/.exec(part)?.[0] ?? "");
  return { required: fn.length, most: open ? Number.POSITIVE_INFINITY : parts.length, names };
}

/** Splits the first parenthesis that is not part of a computed name; returns undefined if it is never closed. */
function split(source: string): { parts: string[]; end: number } | undefined {
  const parts: string[] = [];
  const closers: string[] = [];
  let inList = false;
  let part = "";
  for (let at = 0; at < source.length; ) {
    SPACE_OR_COMMENT.lastIndex = at;
    const skipped = SPACE_OR_COMMENT.exec(source);
    if (skipped !== null) {
      at += skipped[0].length;
      continue;
    }
    const character = source[at]!;
    if (character === '"' || character === "'" || character === "`") {
      const end = endOfString(source, at, character);
      part += source.slice(at, end);
      at = end;
      continue;
    }
    at++;
    if (!inList && closers.length === 0 && character === "(") {
      inList = true;
      part = "";
      closers.push(")");
      continue;
    }
    if (character in CLOSING) closers.push(CLOSING[character]!);
    else if (character === closers.at(-1)) closers.pop();
    if (inList && closers.length === 0) {
      if (part !== "") parts.push(part);
      return { parts, end: at };
    }
    if (inList && closers.length === 1 && character === ",") {
      parts.push(part);
      part = "";
    } else part += character;
  }
  return undefined;
}

function endOfString(source: string, start: number, quote: string): number {
  for (let at = start + 1; at < source.length; at++) {
    if (source[at] === "\\") at++;
    else if (source[at] === quote) return at + 1;
  }
  return source.length;
}

/** Strings and comments are removed first, so that the word in a text does not count. */
function readsArguments(source: string, from: number): boolean {
  const body = source
    .slice(from)
    .replace(
      /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\$]|\\.|\$(?!\{))*`/g,
      "",
    );
  return !/^\s*=>/.test(body) && /(?<![\w$]|[^.]\.)arguments(?![\w$])(?!\s*:)/.test(body);
}
