/** How a Worker asks itself: by a binding, which takes no network. Set for each request that it gets. */
export const self: { fetch: typeof fetch } = { fetch };
