import { ConfigError } from "../errors.ts";
import { refuseUnknown } from "../option-names.ts";
import { networkOf } from "./network.ts";
import type { ResolvedOptions } from "./resolved-options.ts";

/** How much of an IP address is stored; a function returns what to store of one, undefined for nothing. */
export type AddressKept = "full" | "network" | "none" | ((address: string) => string | undefined);

/** Checks the option `device`. Throws ConfigError naming it. */
export function resolveDevice(
  given: boolean | { address?: AddressKept | undefined } = true,
): ResolvedOptions["device"] {
  if (given === false) return false;
  if (given !== true && (typeof given !== "object" || given === null))
    throw new ConfigError("device", 'Pass { address: "network" } or the like, or false.');
  if (given !== true) refuseUnknown(given, ["address"], "device.");
  const { address = "full" } = given === true ? {} : given;
  if (typeof address === "function") return { address };
  if (!Object.hasOwn(KEPT, address))
    throw new ConfigError("device.address", 'Pass "full", "network", "none", or a function of the address.');
  return { address: KEPT[address] };
}

const KEPT = {
  full: (address: string): string => address,
  network: networkOf,
  none: (): undefined => undefined,
};
