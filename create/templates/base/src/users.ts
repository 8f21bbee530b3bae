import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** Replace this with the table of your database. Users in it are gone when the process ends. */
const users = new Map<string, { readonly salt: Buffer; readonly hash: Buffer }>();

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

function hashOf(password: string, salt: Buffer): Promise<Buffer> {
  return promisify<string, Buffer, number, Buffer>(scrypt)(password, salt, 32);
}
