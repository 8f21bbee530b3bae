import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** A stand-in for the table of users. Ann's password is "correct horse", Ben's is "battery staple". */
const users = new Map<string, { salt: Buffer; hash: Buffer }>();
await setPassword("ann", "correct horse");
await setPassword("ben", "battery staple");

/** Returns whether the user exists and has this password. */
export async function isPassword(name: string, password: string): Promise<boolean> {
  const user = users.get(name);
  // Hashed also for a name that nobody has, so that the time does not tell who has an account.
  const given = await hashOf(password, user?.salt ?? Buffer.alloc(16));
  return user !== undefined && timingSafeEqual(user.hash, given);
}

/** Sets the password of a user, and adds the user if there is none. */
export async function setPassword(name: string, password: string): Promise<void> {
  const salt = randomBytes(16);
  users.set(name, { salt, hash: await hashOf(password, salt) });
}

export function isUser(name: string): boolean {
  return users.has(name);
}

export function deleteUser(name: string): void {
  users.delete(name);
}

function hashOf(password: string, salt: Buffer): Promise<Buffer> {
  return promisify<string, Buffer, number, Buffer>(scrypt)(password, salt, 32);
}
