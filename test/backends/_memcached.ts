import { connect } from "node:net";

/** What a memcached on this machine answers to one command, up to the line that `end` matches. */
export async function ask(port: number, command: string, end: RegExp = /\r\n$/): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.setEncoding("utf8");
  socket.write(`${command}\r\n`);
  let answer = "";
  for await (const part of socket) {
    answer += part;
    if (end.test(answer)) break;
  }
  socket.destroy();
  return answer;
}

/** The keys of a server that begin with this, without it. */
export async function keysIn(port: number, prefix: string): Promise<string[]> {
  const dump = await ask(port, "lru_crawler metadump all", /(^|\n)END\r\n$/);
  const keys = dump.split("\n").map((line) => decodeURIComponent(/^key=(\S+) /.exec(line)?.[1] ?? ""));
  return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}

/** How many gets, sets and deletes a server has carried out. */
export async function commandsOf(port: number): Promise<number> {
  const stats = await ask(port, "stats", /\nEND\r\n$/);
  const names = ["cmd_get", "cmd_set", "cmd_touch", "delete_hits", "delete_misses"];
  const counts = names.map((name) => Number(new RegExp(`STAT ${name} (\\d+)`).exec(stats)?.[1]));
  return counts.reduce((sum, count) => sum + count);
}
