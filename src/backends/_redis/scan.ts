import type {
  ScanOptions,
  ScanPage,
  SessionCount,
  SessionRecord,
  UserSession,
} from "../../record/contract.ts";
import { isAskedFor, wrongCursor } from "../_scan.ts";
import { type Run, textOf } from "./client.ts";
import { type Nodes, nodesOf } from "./nodes.ts";
import { SCAN } from "./scan-scripts.ts";
import { recordIn } from "./text.ts";

/** How many steps one page takes at most. */
const STEPS = 20;
/** At how many keys one step looks, at least and at most: what the server does in less than a millisecond. */
const KEYS = { least: 10, most: 500 };

/** Where a scan is: at which node, in which run of it, at which cursor, and what that has shown and no page has had. */
interface Place {
  readonly nodes: string;
  readonly node: number;
  readonly run: string;
  readonly cursor: string;
  readonly rest: readonly string[];
}

const FIRST: Place = { nodes: "", node: 0, run: "", cursor: "0", rest: [] };

/** What one step has shown. */
interface Step {
  readonly run: string;
  readonly cursor: string;
  readonly sessions: readonly UserSession[];
}

/** See `scan` of `SessionBackend`. `read` returns what is there, also if it was moved out. */
export async function scanPage(
  run: Run,
  prefix: string,
  options: ScanOptions,
  read: (handle: string) => Promise<SessionRecord | undefined>,
): Promise<ScanPage> {
  const begun = placeIn(options.cursor);
  const nodes = await nodesOf(run, prefix);
  checkNodes(begun, nodes, options);
  const found = new Map<string, SessionRecord>();
  for (const handle of begun.rest.slice(0, options.limit)) {
    const record = await read(handle);
    if (isAskedFor(record, options)) found.set(handle, record);
  }
  let place: Place = { ...begun, nodes: nodes.name, rest: begun.rest.slice(options.limit) };
  let keys = KEYS.least;
  for (let step = 0; step < STEPS && place.rest.length === 0; step++) {
    if (found.size === options.limit || place.node >= nodes.keys.length) break;
    const wanted = options.limit - found.size;
    keys = Math.min(Math.max(keys, wanted), KEYS.most);
    const shown = await oneStep(run, nodes.keys[place.node]!, place.cursor, keys, options);
    if (place.run !== "" && shown.run !== place.run)
      throw wrongCursor("Another server has the sessions now.");
    const fresh = shown.sessions.filter(
      ({ handle, record }) => !found.has(handle) && isAskedFor(record, options),
    );
    for (const { handle, record } of fresh.slice(0, wanted)) found.set(handle, record);
    const rest = fresh.slice(wanted).map(({ handle }) => handle);
    const isOver = shown.cursor === "0";
    place = {
      nodes: nodes.name,
      node: isOver ? place.node + 1 : place.node,
      run: isOver ? "" : shown.run,
      cursor: shown.cursor,
      rest,
    };
    // Where few of the keys are sessions, more of them are looked at.
    if (fresh.length * 4 < keys) keys *= 2;
  }
  const sessions = Array.from(found, ([handle, record]) => ({ handle, record }));
  const isOver = place.node >= nodes.keys.length && place.rest.length === 0;
  return { sessions, cursor: isOver ? undefined : textIn(place) };
}

/** See `countAll` of `SessionBackend`: exact where there are few keys, else an estimate from random ones. */
export async function countAll(run: Run, prefix: string): Promise<SessionCount> {
  const nodes = await nodesOf(run, prefix);
  const counts = await Promise.all(
    nodes.keys.map((key) => run(SCAN.count, key, [], (reply) => (reply as unknown[]).map(Number))),
  );
  const total = (part: (count: readonly number[]) => number): number =>
    Math.round(counts.reduce((sum, count) => sum + part(count), 0));
  const ofAll = (n: 2 | 3) =>
    total(([keys = 0, looked = 0, ...found]) => (looked === 0 ? 0 : (keys * found[n - 2]!) / looked));
  return { sessions: ofAll(2), signedIn: ofAll(3), exact: counts.every(([keys, looked]) => keys === looked) };
}

function oneStep(
  run: Run,
  key: string,
  cursor: string,
  keys: number,
  { signedIn }: ScanOptions,
): Promise<Step> {
  const asked = signedIn === undefined ? "" : String(Number(signedIn));
  return run(SCAN.step, key, [cursor, String(keys), asked], (reply) => {
    const [run = "", seconds, micros, next = "0", ...found] = (reply as unknown[]).map(textOf);
    const now = Number(seconds) + Number(micros) / 1e6;
    const sessions: UserSession[] = [];
    for (let n = 0; n < found.length; n += 2)
      sessions.push({ handle: found[n]!, record: recordIn(found[n + 1]!, now) });
    return { run: run.slice(0, 8), cursor: next, sessions };
  });
}

/** Throws ConfigError `cursor` if what a scan has seen so far may since have moved. */
function checkNodes(begun: Place, { keys, name }: Nodes, { cursor }: ScanOptions): void {
  if (cursor === undefined) return;
  if (begun.nodes !== name) throw wrongCursor("The nodes of the Cluster, or their slots, have changed.");
  if (begun.node > keys.length) throw wrongCursor();
}

function textIn({ nodes, node, run, cursor, rest }: Place): string {
  return ["scan", nodes, node, run, cursor, rest.join(",")].join(".");
}

function placeIn(text: string | undefined): Place {
  if (text === undefined) return FIRST;
  const parts = /^scan\.([\w-]{0,8})\.(\d{1,4})\.(\w{0,8})\.(\d{1,20})\.([\w,-]*)$/.exec(text);
  if (parts === null) throw wrongCursor();
  const [, nodes = "", node, run = "", cursor = "0", rest = ""] = parts;
  return { nodes, node: Number(node), run, cursor, rest: rest === "" ? [] : rest.split(",") };
}
