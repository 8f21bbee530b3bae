export const proxy = (request) => globalThis.site.proxy(request);

export const config = { matcher: ["/behind/:path*", "/page"] };
