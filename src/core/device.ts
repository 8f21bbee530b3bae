import type { Client } from "./client.ts";
import { networkOf } from "./network.ts";
import type { ResolvedOptions } from "./resolved-options.ts";

/** What a session is used with, as its client says: nothing of it is proven. */
export interface Device {
  /** What the application calls it: at `login`, or by `sessions.rename`. */
  readonly name: string | undefined;
  /** The header User-Agent at the sign-in, cut to 256 characters. */
  readonly userAgent: string | undefined;
  /** The browser's own name of itself, in the Client Hint Sec-CH-UA, such as "Google Chrome". */
  readonly browser: string | undefined;
  /** The Client Hint Sec-CH-UA-Platform, such as "Windows". */
  readonly platform: string | undefined;
  /** The IP address, as the option `device` lets it be stored: of the sign-in, or of a later request that renewed the id. */
  readonly address: string | undefined;
}

/** The same as the head has it. */
export interface StoredDevice {
  readonly name?: string | undefined;
  readonly agent?: string | undefined;
  readonly brand?: string | undefined;
  readonly platform?: string | undefined;
  readonly address?: string | undefined;
}

type DeviceOptions = Exclude<ResolvedOptions["device"], false>;

/** Characters. Longer texts are cut. */
const LONGEST = 256;

/** Returns the device that a client says to be. */
export function deviceOf(client: Client, { address }: DeviceOptions): StoredDevice {
  const from = client.address();
  return {
    agent: cut(client.header("user-agent")),
    brand: cut(brandIn(client.header("sec-ch-ua"))),
    platform: cut(textIn(client.header("sec-ch-ua-platform"))),
    address: from === undefined ? undefined : cut(address(from)),
  };
}

/** Returns what an application calls a device, as it is stored. "" takes the name away. Throws TypeError. */
export function nameOf(verb: string, name: unknown): string | undefined {
  if (typeof name !== "string") throw new TypeError(`${verb}: the name of a device is a text.`);
  return cut(name.toWellFormed());
}

/** Returns a device as applications see it. */
export function shownDevice({ name, agent, brand, platform, address }: StoredDevice = {}): Device {
  return { name, userAgent: agent, browser: brand, platform, address };
}

/** What of a device is another one: the browser, or the network. */
export type DeviceChange = "browser" | "network";

/** Returns what changed from one device to another, as far as both say. */
export function changesOf(before: StoredDevice, now: StoredDevice): DeviceChange[] {
  const changes: DeviceChange[] = [];
  if (isOtherBrowser(before, now)) changes.push("browser");
  const [from, to] = [before.address, now.address];
  if (from !== undefined && to !== undefined && networkOf(from) !== networkOf(to)) changes.push("network");
  return changes;
}

function isOtherBrowser(before: StoredDevice, now: StoredDevice): boolean {
  if (before.brand !== undefined && now.brand !== undefined)
    return before.brand !== now.brand || before.platform !== now.platform;
  return before.agent !== undefined && familyOf(before.agent) !== familyOf(now.agent ?? "");
}

/**
 * Returns the products that a User-Agent names and the system that it begins its comment with, all without versions: an update
 * changes nothing. It is no parser: what it returns is only compared.
 */
export function familyOf(agent: string): string {
  const [, system = ""] = /\(([^;)]*)/.exec(agent) ?? [];
  const products = agent.match(/[^\s/();,]+(?=\/)/g) ?? [];
  return `${products.join(" ")} (${system.replaceAll(/[\d._]+/g, "").trim()})`;
}

/** Brands that stand for themselves; the made-up one that every list has, and what others are made of, do not. */
function brandIn(list: string | undefined): string | undefined {
  const brands = Array.from(list?.matchAll(/"((?:[^"\\]|\\.)*)"\s*;\s*v=/g) ?? [], ([, brand]) => brand!);
  const named = brands.filter((brand) => !/not.*brand/i.test(brand));
  return named.find((brand) => brand !== "Chromium") ?? named[0];
}

/** Returns the text in a string of a structured field (RFC 9651 3.3.3). */
function textIn(field: string | undefined): string | undefined {
  return /^"((?:[^"\\]|\\.)*)"$/.exec(field ?? "")?.[1];
}

function cut(text: string | undefined): string | undefined {
  return text === "" ? undefined : text?.slice(0, LONGEST);
}
