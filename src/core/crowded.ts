import { warn } from "../warning.ts";

let isSaid = false;

/**
 * Emits a process warning, once, at a sign-in of a browser that has more cookies of our name than a request tries: the new
 * one may be hidden behind the others, and the next request be signed out. The warning says what to do.
 */
export function warnCrowded(name: string): void {
  if (isSaid) return;
  isSaid = true;
  warn(
    "MICROPIE_COOKIES_CROWDED",
    `A browser that signed in has more cookies named ${name} than a request tries, so its new one may not be found. ` +
      'Somebody may have set them from another path or a sibling domain. With the option cookie: { prefix: "__Host-" }, ' +
      "browsers refuse such cookies.",
  );
}
