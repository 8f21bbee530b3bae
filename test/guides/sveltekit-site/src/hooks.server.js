import { error, redirect } from "@sveltejs/kit";

// The test has no copy of these that SvelteKit would know.
globalThis.kit = { error, redirect };

export const handle = (input) => globalThis.site.handle(input);
export const handleError = (input) => globalThis.site.handleError?.(input);
