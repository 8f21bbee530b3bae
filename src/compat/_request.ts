import type { CipherKey } from "node:crypto";
import { signedIds, unsigned } from "./_signed-ids.ts";

/** A request of Express or Connect, or a plain one. */
export interface AnyRequest {
  url?: string | undefined;
  originalUrl?: string;
  httpVersionMajor?: number;
  headers: { [name: string]: string | string[] | undefined };
  socket?: { encrypted?: unknown };
  /** Express says so, by its setting "trust proxy". */
  secure?: unknown;
  /** These are cookie-parser's. */
  secret?: unknown;
  cookies?: { [name: string]: unknown };
  signedCookies?: { [name: string]: unknown };
}

/** The path that the client asked for, without the query; middleware may be mounted below. */
export function pathOf({ originalUrl, url }: AnyRequest): string {
  const target = originalUrl ?? url ?? "";
  if (target.startsWith("/")) return target.split(/[?#]/, 1)[0] || "/";
  return URL.canParse(target) ? new URL(target).pathname : "/";
}

/** Whether the client's connection is safe: this one, or the one to a proxy that is trusted (`proxy` true). */
export function isSecure(req: AnyRequest, proxy: unknown): boolean {
  if (req.socket?.encrypted) return true;
  if (proxy === false) return false;
  if (proxy !== true) return req.secure === true;
  const proto = String(req.headers["x-forwarded-proto"] ?? "");
  return proto.split(",", 1)[0]!.trim().toLowerCase() === "https";
}

/** The ids of sessions that the request's cookies are signed for, the likeliest first. */
export function presentedIds(req: AnyRequest, name: string, secrets: readonly CipherKey[]): string[] {
  const { cookie } = req.headers;
  const ids = cookie === undefined ? [] : signedIds(String(cookie), name, secrets);
  if (ids.length > 0) return ids;
  // What cookie-parser has read, where the header is gone.
  const checked = req.signedCookies?.[name];
  if (typeof checked === "string" && checked !== "") return [checked];
  const raw = req.cookies?.[name];
  const id = typeof raw === "string" ? unsigned(raw, secrets) : undefined;
  return id === undefined ? [] : [id];
}
