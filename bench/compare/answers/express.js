/** Answers of the application as Express gives them, 4 and 5. */

export async function answerOnExpress(res, { status, headers, body }) {
  if (status === 302) {
    res.redirect(headers.location);
    return;
  }
  res.status(status).set(headers);
  if (typeof body === "string") {
    res.send(body);
    return;
  }
  for await (const part of body) res.write(part);
  res.end();
}
