import { read } from "../lib/sessions.ts";
import { count } from "./actions.ts";

export default async function Home() {
  const { visits = 0, name } = await read();
  return (
    <>
      <h1>
        You have counted to <output>{visits}</output>
      </h1>
      <form action={count}>
        <button type="submit">Count</button>
      </form>
      {name === undefined ? (
        <>
          <p>Nobody is signed in.</p>
          <form method="post" action="/login">
            <input name="name" aria-label="Name" placeholder="Your name" required />{" "}
            <button type="submit">Sign in</button>
          </form>
        </>
      ) : (
        <>
          <p>
            You are <b>{name}</b>.
          </p>
          <form method="post" action="/logout">
            <button type="submit">Log out</button>
          </form>
          <form method="post" action="/logout-everywhere">
            <button type="submit">Log out everywhere</button>
          </form>
          <p>
            <a href="/account">Your account</a> <a href="/devices">Your devices</a>
          </p>
        </>
      )}
      <p>
        <a href="/stream">A stream</a>
      </p>
    </>
  );
}
