/** Redis and PostgreSQL that really run, with the gates of the comparison before their clients. */
import { once } from "node:events";

const urls = new Map();

/** The address of a server, which the process that started this one starts when somebody first asks (processes.js). */
export function serverUrl(name) {
  if (!urls.has(name)) urls.set(name, ask(name));
  return urls.get(name);
}

async function ask(name) {
  process.send({ needs: name });
  const [{ url, refused }] = await once(process, "message");
  if (refused !== undefined) throw new Error(refused);
  return url;
}

/** What a command of Redis does to a session. */
const COMMANDS = {
  get: "read",
  set: "write",
  setEx: "write",
  setex: "write",
  expire: "touch",
  del: "delete",
};

/** A client of redis behind the gates of a store. */
export function gatedRedis(store, client) {
  return new Proxy(client, {
    get(target, name) {
      const value = target[name];
      if (typeof value !== "function") return value;
      const kind = COMMANDS[name];
      return kind === undefined ? value.bind(target) : gatedCall(store, kind, value.bind(target));
    },
  });
}

/** Puts the gates of a store into a client that a framework has made for itself. */
export function gateRedis(store, client) {
  for (const [name, kind] of Object.entries(COMMANDS))
    if (typeof client[name] === "function") client[name] = gatedCall(store, kind, client[name].bind(client));
}

function gatedCall(store, kind, call) {
  return (...args) => {
    const id = [args[0]].flat()[0];
    return store.gate(kind, id, async () => store.cut(id, await call(...args)));
  };
}

/** What a statement of SQL does to a session; undefined if it does not concern the table. */
function kindOf(text, table) {
  if (!text.includes(`"${table}"`) && !new RegExp(`\\b${table}\\b`).test(text)) return undefined;
  const [, verb] = /^\s*(\w+)/.exec(text) ?? [];
  if (/^select$/i.test(verb)) return "read";
  if (/^delete$/i.test(verb)) return "delete";
  if (/^insert$/i.test(verb)) return "write";
  if (!/^update$/i.test(verb)) return undefined;
  return /set\s+"?expire/i.test(text) && !/,/.test(/set(.*?)where/is.exec(text)?.[1] ?? "")
    ? "touch"
    : "write";
}

/** A pool of pg behind the gates of a store, for what its statements do to this table. */
export function gatedPool(store, pool, table) {
  const gated = (target) =>
    new Proxy(target, {
      get(_, name) {
        if (name === "query")
          return (...args) => {
            const text = typeof args[0] === "string" ? args[0] : args[0].text;
            const kind = kindOf(text, table);
            const run = () => target.query(...args);
            return kind === undefined ? run() : store.gate(kind, table, run);
          };
        if (name === "connect" && target === pool) return async () => gated(await pool.connect());
        const value = target[name];
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  return gated(pool);
}
