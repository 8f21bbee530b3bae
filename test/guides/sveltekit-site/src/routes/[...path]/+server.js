const answer = (event) => globalThis.site.answer(event);

export { answer as DELETE, answer as GET, answer as POST };
