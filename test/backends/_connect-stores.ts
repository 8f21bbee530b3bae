import { createRequire } from "node:module";
import session from "express-session";
import createMemoryStore from "memorystore";
import type { ConnectStoreLike } from "micropie/backends/connect-store";
import type { Pool } from "pg";

// These two have no types of their own.
const require = createRequire(import.meta.url);
type StoreFactory<Options> = (from: typeof session) => new (options: Options) => ConnectStoreLike;

export const { MemoryStore } = session;

export const MemorystoreStore = createMemoryStore(session);

export const FileStore = (
  require("session-file-store") as StoreFactory<{
    path: string;
    retries: number;
    reapInterval: number;
    logFn: () => void;
  }>
)(session);

export const PgStore = (
  require("connect-pg-simple") as StoreFactory<{
    pool: Pool;
    schemaName: string;
    createTableIfMissing: true;
    pruneSessionInterval: false;
  }>
)(session);
