import { decodedPath } from "../visit/path.ts";
import { isProduction } from "../warning.ts";
import { HttpError } from "./http-error.ts";
import { parametersOf } from "./parameters.ts";

type Handler = (...values: string[]) => unknown;

/** A method that handles requests, and how many path segments it takes. */
export interface Route {
  readonly name: string;
  readonly handler: Handler;
  readonly required: number;
  readonly most: number;
  readonly names: readonly string[];
}

/** The routes of an application by name. */
export interface RouteTable extends ReadonlyMap<string, Route> {
  /** Returns true for a function that the application got when its routes had been read. */
  isLate(name: string): boolean;
}

const NO_SEGMENTS: readonly string[] = [];

/** Which methods are routes. */
interface Kind {
  /** How their names begin; the rest is the segment of the path. */
  readonly prefix: string;
  /** How many arguments come before those of the path. */
  readonly given: number;
  readonly tables: WeakMap<object, ReadonlyMap<string, Route>>;
}

const HTTP: Kind = { prefix: "", given: 0, tables: new WeakMap() };
const WEB_SOCKET: Kind = { prefix: "ws_", given: 1, tables: new WeakMap() };

/**
 * Returns the routes of an application: the methods of its class and of the classes between it and `base`, and the functions
 * among its fields. Excluded are `_private`, `#private` and `ws_…` names, getters, classes, and names that `base` or Object
 * have (`constructor`, `toString`, `fetch` ...). Requests are looked up only in this table, never on the object. A handler that
 * is replaced later is called instead; a function with a new name is no route.
 */
export function routesOf(app: object, base: object): RouteTable {
  return tableOf(app, base, HTTP);
}

/** Returns the same for WebSockets: the methods whose names begin with `ws_`, which take the socket as a first argument. */
export function socketRoutesOf(app: object, base: object): RouteTable {
  return tableOf(app, base, WEB_SOCKET);
}

function tableOf(app: object, base: object, kind: Kind): RouteTable {
  const table = new Map(classRoutes(Object.getPrototypeOf(app) as object, base, kind));
  addRoutes(table, app, base, kind);
  return new OwnRoutes(app, base, table, kind);
}

class OwnRoutes extends Map<string, Route> implements RouteTable {
  readonly #app: Readonly<Record<string, unknown>>;
  readonly #base: object;
  readonly #kind: Kind;

  constructor(app: object, base: object, table: ReadonlyMap<string, Route>, kind: Kind) {
    super(table);
    this.#app = app as Readonly<Record<string, unknown>>;
    this.#base = base;
    this.#kind = kind;
  }

  override get(segment: string): Route | undefined {
    const route = super.get(segment);
    if (route === undefined) return undefined;
    const handler = this.#app[route.name];
    if (handler === route.handler || typeof handler !== "function") return route;
    const renewed = routeOf(route.name, handler as Handler, this.#kind);
    if (renewed === undefined) return route;
    this.set(segment, renewed);
    return renewed;
  }

  isLate(segment: string): boolean {
    const name = this.#kind.prefix + segment;
    if (isPrivate(segment) || name in this.#base || !Object.hasOwn(this.#app, name)) return false;
    return typeof this.#app[name] === "function";
  }
}

function classRoutes(prototype: object, base: object, kind: Kind): ReadonlyMap<string, Route> {
  if (prototype === base || prototype === null) return new Map();
  let table = kind.tables.get(prototype);
  if (table === undefined) {
    const own = new Map(classRoutes(Object.getPrototypeOf(prototype) as object, base, kind));
    addRoutes(own, prototype, base, kind);
    table = own;
    kind.tables.set(prototype, table);
  }
  return table;
}

function addRoutes(table: Map<string, Route>, owner: object, base: object, kind: Kind): void {
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
    const segment = name.slice(kind.prefix.length);
    if (!name.startsWith(kind.prefix) || isPrivate(segment) || name in base) continue;
    // A member that overrides a method of the parent class also replaces its route.
    table.delete(segment);
    const handler: unknown = property.value;
    if (typeof handler !== "function") continue;
    const route = routeOf(name, handler as Handler, kind);
    if (route !== undefined) table.set(segment, route);
  }
}

/** Returns undefined for a class. */
function routeOf(name: string, handler: Handler, { given }: Kind): Route | undefined {
  const parameters = parametersOf(handler);
  if (parameters === undefined) return undefined;
  const { required, most, names } = parameters;
  if (given === 0) return { name, handler, required, most, names };
  const rest = { required: Math.max(0, required - given), most: Math.max(0, most - given) };
  return { name, handler, ...rest, names: names.slice(given) };
}

function isPrivate(segment: string): boolean {
  return segment.startsWith("_") || segment.startsWith("ws_");
}

/** The route of a path, and its arguments. */
export interface Match {
  readonly route: Route;
  readonly values: readonly string[];
}

/**
 * Returns the path that routes are matched by: decoded by segments (`decodedPath`), without the slash at its end. All
 * paths that lead to one route with the same arguments become the same text, except that `/` is `/index` too.
 */
export function routedPath(path: string): string {
  const decoded = path.length > LONGEST_PATH ? path : decodedPath(path);
  return decoded.length > 1 && decoded.endsWith("/") ? decoded.slice(0, -1) : decoded;
}

/** In characters; what Node accepts of a whole head. Each segment can become an argument. */
const LONGEST_PATH = 16_384;

/** Throws HttpError 414. */
export function refuseLongPath({ length }: string): void {
  if (length > LONGEST_PATH) throw new HttpError(414);
}

const matches = new WeakMap<Route, Match>();

/**
 * Returns the route of a path from `routedPath`. The first segment names the method; the others are its arguments. If no method
 * has that name, `index` gets all segments, provided that it takes arguments.
 * Throws HttpError 404, or 400 for a missing argument or a malformed escape.
 */
export function matchRoute(table: RouteTable, path: string): Match {
  if (path === "/") {
    const index = table.get("index");
    if (index === undefined) throw nowhere(table, "index");
    return index.required === 0 ? bare(index) : checked(index, NO_SEGMENTS);
  }
  // Node passes on targets such as "*admin".
  if (!path.startsWith("/")) throw new HttpError(404);
  // The common case, a single name, takes one lookup.
  const direct = table.get(path.slice(1));
  if (direct !== undefined && direct.required === 0) return bare(direct);

  const segments = path.slice(1).split("/").map(decodeSegment);
  const [name = "", ...values] = segments;
  const route = table.get(name);
  if (route !== undefined) return checked(route, values);
  const index = table.get("index");
  if (index === undefined || index.most === 0 || isPrivate(name)) throw nowhere(table, name);
  return checked(index, segments);
}

/** Returns the name of the method that a path from `routedPath` leads to; undefined if it leads to none. */
export function routeName(table: RouteTable, path: string): string | undefined {
  try {
    return matchRoute(table, path).route.name;
  } catch {
    return undefined;
  }
}

function bare(route: Route): Match {
  let match = matches.get(route);
  if (match === undefined) {
    match = { route, values: NO_SEGMENTS };
    matches.set(route, match);
  }
  return match;
}

function checked(route: Route, values: readonly string[]): Match {
  if (values.length > route.most) throw new HttpError(404);
  if (values.length < route.required) throw missing(route.names[values.length], values.length);
  return { route, values };
}

/** The 404 of a path that leads nowhere. Says why if the function is there, except in production. */
function nowhere(table: RouteTable, name: string): HttpError {
  if (isProduction() || table.has(name) || !table.isLate(name)) return new HttpError(404);
  const message = `'${name}' was assigned after the routes were read, at the first request. Assign it before, or make it a method`;
  return new HttpError(404, message);
}

function missing(name: string | undefined, at: number): HttpError {
  if (!name) return new HttpError(400, `Missing required parameter ${at + 1}`);
  const hint = isProduction() ? "" : `. If it can be left out, write ${optional(name)}`;
  return new HttpError(400, `Missing required parameter '${name}'${hint}`);
}

/** Returns how a parameter is written that can be left out. TypeScript erases `name?: string`, so it does not tell. */
export function optional(name: string): string {
  return `${name}: string | undefined = undefined`;
}

function decodeSegment(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new HttpError(400, "The path has a malformed percent-escape");
  }
}
