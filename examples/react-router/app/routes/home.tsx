import { Form } from "react-router";
import { context } from "../sessions.server.ts";
import type { Route } from "./+types/home";

export function loader({ context: values }: Route.LoaderArgs) {
  const { visits = 0, name } = values.get(context);
  return { visits, name };
}

export default function Home({ loaderData: { visits, name } }: Route.ComponentProps) {
  return (
    <>
      <h1>
        You have counted to <output>{visits}</output>
      </h1>
      <Form method="post" action="/count">
        <button type="submit">Count</button>
      </Form>
      {name === undefined ? (
        <>
          <p>Nobody is signed in.</p>
          <Form method="post" action="/login">
            <input name="name" aria-label="Name" placeholder="Your name" required />{" "}
            <button type="submit">Sign in</button>
          </Form>
        </>
      ) : (
        <>
          <p>
            You are <b>{name}</b>.
          </p>
          <Form method="post" action="/logout">
            <button type="submit">Log out</button>
          </Form>
          <Form method="post" action="/logout-everywhere">
            <button type="submit">Log out everywhere</button>
          </Form>
          <p>
            <a href="/devices">Your devices</a>
          </p>
        </>
      )}
      <p>
        <a href="/stream">A stream</a>
      </p>
    </>
  );
}
