import { App } from "micropie";

class Site extends App {
  async index() {
    const sizes: number[] = [];
    for await (const file of this.request.files) sizes.push((await file.bytes()).length);
    return sizes;
  }
}

test("an App takes an upload", async () => {
  const server = await new Site().serve({ hostname: "127.0.0.1", port: 0 });
  const body = new FormData();
  body.append("file", new Blob(["12345"]), "five.txt");
  const answer = await fetch(server.url, { method: "POST", body });
  expect(await answer.json()).toEqual([5]);
  await server.close();
});
