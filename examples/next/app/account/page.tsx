import { read } from "../../lib/sessions.ts";

/** proxy.ts lets nobody in who has not logged in. */
export default async function Account() {
  const { name } = await read();
  return <h1>The account of {name}</h1>;
}
