/**
 * The answer that Next's `redirect`, `notFound`, `forbidden` and `unauthorized` stand for, which they throw; undefined
 * for anything else that is thrown. In a route handler Next makes the same, but loses cookies on the way.
 */
export function answerThrown(thrown: unknown, request: Request): Response | undefined {
  const [kind, ...rest] = digestOf(thrown);
  if (kind === "NEXT_HTTP_ERROR_FALLBACK") return new Response(null, { status: Number(rest[0]) });
  if (kind !== "NEXT_REDIRECT") return undefined;
  // A form that was posted is not to be posted again to where it leads.
  const status = isForm(request) ? 303 : Number(rest.at(-2));
  return new Response(null, { status, headers: { location: rest.slice(1, -2).join(";") } });
}

/** Whether what was thrown is an answer, and no failure. */
export function isAnswer(thrown: unknown): boolean {
  return ["NEXT_REDIRECT", "NEXT_HTTP_ERROR_FALLBACK"].includes(digestOf(thrown)[0]!);
}

/** Next knows what it throws by this text. */
function digestOf(thrown: unknown): string[] {
  const { digest } = (thrown ?? {}) as { digest?: unknown };
  return typeof digest === "string" ? digest.split(";") : [""];
}

function isForm({ method, headers }: Request): boolean {
  const type = headers.get("content-type") ?? "";
  return method === "POST" && /^(application\/x-www-form-urlencoded|multipart\/form-data)/.test(type);
}
