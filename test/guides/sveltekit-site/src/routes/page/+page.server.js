export const load = (event) => globalThis.site.load(event);
export const actions = { default: (event) => globalThis.site.action(event) };
