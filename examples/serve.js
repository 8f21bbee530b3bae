// What the servers of the examples with packages of their own have in common.
import { tryThis } from "./page.ts";

export const port = Number(process.env.PORT ?? 3000);
export const url = `http://localhost:${port}`;

/** Says what to try, and ends with the program that started this one: npm passes a signal on only as far as a shell. */
export function listening(name) {
  tryThis(name, url);
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit();
  }, 200).unref();
}
