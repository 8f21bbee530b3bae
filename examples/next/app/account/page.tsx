import { read } from "../../lib/sessions.ts";

/** proxy.ts redirects visitors who are not signed in. */
export default async function Account() {
  const { name } = await read();
  return (
    <>
      <header>
        <h1>The account of {name}</h1>
        <p>Log out, and open this address again: proxy.ts sends you home.</p>
      </header>
      <main>
        <a href="/">Back</a>
      </main>
    </>
  );
}
