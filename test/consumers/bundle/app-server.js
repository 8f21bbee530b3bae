import { App } from "micropie";

class Site extends App {
  index() {
    const { session } = this.request;
    session.visits = (session.visits ?? 0) + 1;
    return `Visit ${session.visits}`;
  }

  async upload() {
    const sizes = [];
    for await (const file of this.request.files) sizes.push((await file.bytes()).length);
    return sizes;
  }
}
const server = await new Site().serve({ hostname: "127.0.0.1", port: 0 });
console.log(`listening on ${server.url}`);
