import type { StoredDevice } from "./device.ts";
import { type Head, recall, remember } from "./head.ts";

/** Returns the device in a head. */
export function deviceIn(head: Head): StoredDevice | undefined {
  const { device } = recall(head);
  return typeof device === "object" && device !== null ? device : undefined;
}

/** Returns the head with another device, without one if nothing is known of it. */
export function withDevice(head: Head, device: StoredDevice): Head {
  const isKnown = Object.values(device).some((value) => value !== undefined);
  return remember(head, { device: isKnown ? device : undefined });
}
