import { hash } from "node:crypto";

/** A Lua script, and the digest by which a server that has seen it knows it. */
export interface Script {
  readonly text: string;
  readonly sha1: string;
}

export function script(text: string): Script {
  return { text, sha1: hash("sha1", text) };
}

/** The server's clock, in seconds. */
export const NOW = `
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000`;
