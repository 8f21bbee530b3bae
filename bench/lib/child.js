/** The server process's side: says where it listens, and answers what CPU time the process has used. */

/** Seconds a session lasts in every server. */
export const MAX_AGE = 8 * 60 * 60;

export const COUNT_BODY = (visits) => `You have visited ${visits} times.`;
export const READ_BODY = (visits) => `Visits so far: ${visits}.`;
export const NONE_BODY = "Nothing to remember here.";

/** Call once the server listens. Run by hand, it prints the address instead. */
export function listening(port, close = () => {}) {
  if (!process.send) {
    console.log(`http://127.0.0.1:${port}/`);
    return;
  }
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send({ cpu: user + system, rss: process.memoryUsage.rss() });
  });
  process.on("disconnect", async () => {
    await close();
    process.exit();
  });
  process.send({ port });
}

/** Listens with a `node:http` server on any free port. */
export function listen(server, close) {
  server.listen(0, "127.0.0.1", () => listening(server.address().port, close));
}
