import { createHash, hash } from "node:crypto";
import { readFileSync } from "node:fs";

const PARTS = {
  /** What the schedules are made from: what is merged and what is judged makes no difference to them. */
  schedules: ["store", "session", "tell"],
  session: ["store", "session", "promises", "tell", "merge"],
  users: ["users", "tell"],
  watch: ["watch", "tell"],
} as const;

/** Names a model as it is now. What was made from it carries this name, and is made anew when it changes. */
export function fingerprint(model: keyof typeof PARTS): string {
  const name = createHash("sha256");
  for (const part of PARTS[model]) name.update(readFileSync(new URL(`${part}.pml`, import.meta.url)));
  return name.digest("base64url").slice(0, 16);
}

/** Names the schedules as they are now. */
export function schedulesNow(): string {
  const schedules = readFileSync(new URL("schedules.txt", import.meta.url));
  return hash("sha256", schedules, "base64url").slice(0, 16);
}
