/** Every server must really do what is measured, before it is measured. */
import assert from "node:assert/strict";
import { COUNT_BODY, MAX_AGE, NONE_BODY, READ_BODY } from "./child.js";
import { Visitor } from "./client.js";

/** Throws if an answer is wrong. Answers what differs between servers that are right: headers and cookies. */
export async function check(server, port) {
  const visitor = new Visitor(port);
  const session = server.kind !== "floor";

  async function expect(path, body) {
    const answer = await visitor.get(path);
    assert.deepEqual(
      { status: answer.status, body: answer.body, type: answer.type?.toLowerCase() },
      { status: 200, body, type: "text/plain; charset=utf-8" },
      `${server.name}: GET ${path}`,
    );
    return answer;
  }

  if (!session) {
    const answer = await expect("/", COUNT_BODY(1));
    await expect("/read", READ_BODY(1));
    await expect("/none", NONE_BODY);
    return { headers: answer.headers };
  }

  const stranger = new Visitor(port);
  const anonymous = await stranger.get("/read");
  assert.equal(anonymous.body, READ_BODY(0), `${server.name}: read without a session`);
  const first = await expect("/", COUNT_BODY(1));
  assert.ok(first.setCookie.length > 0, `${server.name}: the first count sets a cookie`);
  checkCookie(server, first.setCookie[0]);
  const second = await expect("/", COUNT_BODY(2));
  const read = await expect("/read", READ_BODY(2));
  await expect("/none", NONE_BODY);
  await expect("/", COUNT_BODY(3));
  assert.equal((await new Visitor(port).get("/")).body, COUNT_BODY(1), `${server.name}: sessions are apart`);

  return {
    headers: second.headers,
    cookieBytes: visitor.cookie.length,
    setCookie: {
      anonymousRead: anonymous.setCookie.length,
      firstCount: first.setCookie.length,
      nextCount: second.setCookie.length,
      read: read.setCookie.length,
    },
  };
}

function checkCookie(server, line) {
  const attributes = line
    .split(";")
    .slice(1)
    .map((attribute) => attribute.trim().toLowerCase());
  for (const wanted of ["path=/", "httponly", "samesite=lax"]) {
    assert.ok(attributes.includes(wanted), `${server.name}: ${wanted} in "${attributes.join("; ")}"`);
  }
  assert.ok(!attributes.includes("secure"), `${server.name}: the bench runs over http`);
  const seconds = attributes.find((attribute) => attribute.startsWith("max-age="));
  const expires = attributes.find((attribute) => attribute.startsWith("expires="));
  const age = seconds ? Number(seconds.slice(8)) : (Date.parse(expires?.slice(8)) - Date.now()) / 1000;
  assert.ok(age > MAX_AGE - 60, `${server.name}: the cookie lasts 8 hours or more, not ${age} seconds`);
}

/** Sessions that have been counted once; answers the Cookie headers of their owners. */
export async function makeSessions(port, count) {
  const cookies = [];
  for (let i = 0; i < count; i++) {
    const visitor = new Visitor(port);
    await visitor.get("/");
    if (visitor.cookie !== undefined) cookies.push(visitor.cookie);
  }
  return cookies;
}
