import { read } from "../../lib/sessions.ts";

/** proxy.ts redirects visitors who are not signed in. */
export default async function Account() {
  const { name } = await read();
  return <h1>The account of {name}</h1>;
}
