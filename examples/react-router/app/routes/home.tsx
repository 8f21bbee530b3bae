import { Form } from "react-router";
import { STEPS } from "../../../page.ts";
import { context } from "../sessions.server.ts";
import type { Route } from "./+types/home";

export function loader({ context: values }: Route.LoaderArgs) {
  const { visits = 0, name, streamed = 0 } = values.get(context);
  return { visits, name, streamed };
}

export default function Home({ loaderData: { visits, name, streamed } }: Route.ComponentProps) {
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
          <Form method="post" action="/count">
            <button type="submit" className="main">
              Count
            </button>
          </Form>
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
              <Form method="post" action="/login">
                <label>
                  Your name <input name="name" autoComplete="username" required />
                </label>
                <button type="submit">Sign in</button>
              </Form>
            </>
          ) : (
            <>
              <p>
                You are <b>{name}</b>. <a href="/devices">Your devices</a>
              </p>
              <div className="row">
                <Form method="post" action="/logout">
                  <button type="submit">Log out</button>
                </Form>
                <Form method="post" action="/logout-everywhere">
                  <button type="submit">Log out everywhere</button>
                </Form>
              </div>
            </>
          )}
        </section>
      </main>
    </>
  );
}
