/** Answers of the application as a web-standard Response, for functions from Request to Response. */

export function webAnswer({ status, headers, body }) {
  return new Response(typeof body === "string" ? body : bytes(body), { status, headers });
}

export function bytes(parts) {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await parts.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    cancel: () => void parts.return(),
  });
}
