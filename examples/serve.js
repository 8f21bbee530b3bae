// Shared by the servers of examples that have their own packages.
import { tryThis } from "./page.ts";

export const port = Number(process.env.PORT ?? 3000);
export const url = `http://localhost:${port}`;
// Read before anything is printed: the reader may stop this process at once.
const parent = process.ppid;

/** Prints what to try. Ends when the program that started this one ends, because npm sends signals only to a shell. */
export function listening(name) {
  tryThis(name, url);
  setInterval(() => {
    if (process.ppid !== parent) process.exit();
  }, 200).unref();
}
