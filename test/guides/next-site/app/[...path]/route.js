import "../parts.js";

const answer = (request, context) => globalThis.site.answer(request, context);

export { answer as DELETE, answer as GET, answer as PATCH, answer as POST, answer as PUT };
