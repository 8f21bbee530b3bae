/** Counts what one request asks of Redis, on the server itself: MONITOR lists every command of every client. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Visitor } from "./client.js";

/** The names of the commands that clients send while `work` runs; what a script does inside is not listed. */
export async function commandsDuring(url, work) {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let text = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk) => {
    text += chunk;
  });
  const seen = async (what) => {
    for (let i = 0; i < 500 && !text.includes(what); i++) await sleep(2);
    if (!text.includes(what)) throw new Error(`MONITOR did not answer ${what}`);
  };
  socket.write("MONITOR\r\n");
  await seen("+OK");
  await work();
  // MONITOR keeps the order, so when it lists this, it has listed all.
  const end = connect(Number(port), hostname);
  end.write("ECHO the-work-is-done\r\n");
  await seen("the-work-is-done");
  end.destroy();
  socket.destroy();
  return text
    .split("\r\n")
    .filter((line) => /^\+\d/.test(line) && !line.includes(" lua] ") && !line.includes("the-work-is-done"))
    .map((line) => line.match(/\] "([^"]+)"/)[1].toLowerCase());
}

/** Commands of a count, a read and a request without a cookie, by a visitor whose session is there already. */
export async function countCommands(url, port) {
  const visitor = new Visitor(port);
  for (let i = 0; i < 3; i++) await visitor.get("/");
  const of = (work) => commandsDuring(url, work);
  return {
    count: await of(() => visitor.get("/")),
    read: await of(() => visitor.get("/read")),
    anonymous: await of(() => new Visitor(port).get("/read")),
  };
}
