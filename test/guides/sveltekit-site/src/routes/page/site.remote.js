import { command, getRequestEvent } from "$app/server";

export const run = command("unchecked", (name) => globalThis.site.command(getRequestEvent(), name));
