import "../parts.js";
export const dynamic = "force-static";
export const GET = (request) => globalThis.site.act(request);
