// What the servers of the examples with packages of their own have in common.
import { tryThis } from "./page.ts";

export const port = Number(process.env.PORT ?? 3000);
export const url = `http://localhost:${port}`;
// Asked for before anything is printed: whoever reads that may stop us at once.
const parent = process.ppid;

/** Says what to try, and ends with the program that started this one: npm passes a signal on only as far as a shell. */
export function listening(name) {
  tryThis(name, url);
  setInterval(() => {
    if (process.ppid !== parent) process.exit();
  }, 200).unref();
}
