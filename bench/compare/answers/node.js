/** Answers of the application as `node:http` gives them. */

export async function answerOnNode(res, { status, headers, body }) {
  res.writeHead(status, headers);
  if (typeof body === "string") {
    res.end(body);
    return;
  }
  for await (const part of body) res.write(part);
  res.end();
}
