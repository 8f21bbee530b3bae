import { hash } from "node:crypto";
import { type Run, textOf } from "./client.ts";
import { SCAN } from "./scan-scripts.ts";

/** The nodes that hold keys. */
export interface Nodes {
  /** A key for each of them, which no session has: what is run on it, is run there. */
  readonly keys: readonly string[];
  /** Other nodes, or other slots on them, have another name. */
  readonly name: string;
}

const SLOTS = 16_384;

/** Asks a server, or a node of a Cluster, which nodes hold the keys with this prefix. */
export async function nodesOf(run: Run, prefix: string): Promise<Nodes> {
  const first = prefix + probe(0);
  const [key = "", ...ranges] = await run(SCAN.slots, first, [], (reply) => (reply as unknown[]).map(textOf));
  if (ranges.length === 0) return { keys: [first], name: "" };
  const nodes = ranges.map((range) => /^(\d+) (\d+) (\S+)$/.exec(range)?.slice(1));
  if (nodes.includes(undefined))
    throw new Error(`the server does not tell the nodes of its Cluster: ${ranges[0]}`);
  const nodeOf = (slot: number): string | undefined =>
    nodes.find((range) => Number(range?.[0]) <= slot && slot <= Number(range?.[1]))?.[2];
  // The client may put something before the prefix.
  const whole = key.slice(0, key.length - probe(0).length);
  const name = hash("sha256", ranges.sort().join("\n"), "base64url").slice(0, 8);
  // A client's own prefix may put all keys on one node.
  if (/\{[^}]+\}/.test(whole)) return { keys: [first], name };
  const wanted = new Set(nodes.map((range) => range?.[2]));
  const found = new Map<string, string>();
  for (let n = 0; found.size < wanted.size; n++) {
    const node = nodeOf(slotOf(whole + probe(n)));
    if (node !== undefined && !found.has(node)) found.set(node, prefix + probe(n));
  }
  return { keys: [...found].sort().map(([, each]) => each), name };
}

/** Returns a text as long as a handle, which no session has: it would have to be made by chance. */
function probe(n: number): string {
  return String(n).padStart(16, "-");
}

/** Returns the slot of a key without a hash tag: CRC16 of the XMODEM kind (https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/). */
function slotOf(key: string): number {
  let crc = 0;
  for (const byte of new TextEncoder().encode(key)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
  }
  return (crc & 0xffff) % SLOTS;
}
