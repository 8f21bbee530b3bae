import { STEPS } from "../../page.ts";
import { read } from "../lib/sessions.ts";
import { count } from "./actions.ts";

export default async function Home() {
  const { visits = 0, name, streamed = 0 } = await read();
  return (
    <>
      <header>
        <h1>Try a session</h1>
        <ol>
          {STEPS.map((step) => (
            <li key={step}>{step}</li>
          ))}
        </ol>
      </header>
      <main>
        <section>
          <h2>
            You have counted to <output>{visits}</output>
          </h2>
          <form action={count}>
            <button type="submit" className="main">
              Count
            </button>
          </form>
          {(visits > 0 || name !== undefined) && (
            <p className="quiet">
              Streams read to their end: {streamed}. <a href="/stream">Open the stream</a>
            </p>
          )}
        </section>
        <section>
          {name === undefined ? (
            <>
              <p>Nobody is signed in.</p>
              <form method="post" action="/login">
                <label>
                  Your name <input name="name" autoComplete="username" required />
                </label>
                <button type="submit">Sign in</button>
              </form>
            </>
          ) : (
            <>
              <p>
                You are <b>{name}</b>. <a href="/devices">Your devices</a> <a href="/account">Your account</a>
              </p>
              <div className="row">
                <form method="post" action="/logout">
                  <button type="submit">Log out</button>
                </form>
                <form method="post" action="/logout-everywhere">
                  <button type="submit">Log out everywhere</button>
                </form>
              </div>
            </>
          )}
        </section>
      </main>
    </>
  );
}
