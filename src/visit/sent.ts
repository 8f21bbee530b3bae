interface Asked {
  readonly headers: { get(name: string): string | null };
}

/** Headers of which every request that somebody sends has one; HTTP/1.1 requires the first (RFC 9112 3.2). */
const SENT = ["host", "user-agent", "accept", "cookie", "content-type"];

/**
 * Returns false if nobody has sent this request: a framework made it for a build, to render a page in advance. What it
 * answers is for everybody, so it must not begin a session.
 */
export function isSent({ headers }: Asked): boolean {
  return SENT.some((name) => headers.get(name) !== null);
}
