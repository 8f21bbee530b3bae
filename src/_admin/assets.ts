import { hash } from "node:crypto";
import { SCRIPT } from "./script.ts";
import { STYLE } from "./style.ts";

/** A file that the page asks for. */
export interface Asset {
  readonly type: string;
  readonly text: string;
}

/** The files by their names, which change with what is in them. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map([
  [`${hashed(STYLE)}.css`, { type: "text/css; charset=utf-8", text: STYLE }],
  [`${hashed(SCRIPT)}.js`, { type: "text/javascript; charset=utf-8", text: SCRIPT }],
]);

const [style, script] = [...ASSETS.keys()];

/** The names of both. */
export const NAMES: { readonly style: string; readonly script: string } = { style: style!, script: script! };

function hashed(text: string): string {
  return hash("sha256", text, "base64url").slice(0, 12);
}
