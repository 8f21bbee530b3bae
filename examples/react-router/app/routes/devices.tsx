import { info } from "micropie";
import { Form } from "react-router";
import { ago } from "../../../device.ts";
import { TRY_DEVICES } from "../../../page.ts";
import { context, sessions } from "../sessions.server.ts";
import type { Route } from "./+types/devices";

export async function loader({ context: values }: Route.LoaderArgs) {
  const session = values.get(context);
  const { userId } = info(session);
  const devices = userId === undefined ? [] : await sessions.list({ userId }, { current: session }).toArray();
  // What the page shows, and no more: a browser gets what a loader returns.
  return devices.map(({ handle, current, lastSeenAt, data: { device } }) => ({
    handle,
    current,
    device,
    seen: ago(lastSeenAt),
  }));
}

export default function Devices({ loaderData: devices }: Route.ComponentProps) {
  return (
    <>
      <header>
        <h1>Your devices</h1>
        <p>{TRY_DEVICES}</p>
      </header>
      <main>
        <section>
          {devices.length === 0 && <p>Nobody is signed in.</p>}
          <ul className="devices">
            {devices.map(({ handle, current, device, seen }) => (
              <li key={handle} data-handle={handle} aria-current={current ? "true" : undefined}>
                <div>
                  <b>{device}</b>
                  <br />
                  <span className="quiet">last seen {seen}</span>
                </div>
                {current ? (
                  <mark>this device</mark>
                ) : (
                  <Form method="post" action="/end">
                    <input type="hidden" name="handle" value={handle} />
                    <button type="submit">End this one</button>
                  </Form>
                )}
              </li>
            ))}
          </ul>
          {devices.length > 1 && (
            <Form method="post" action="/end-others">
              <button type="submit">End all others</button>
            </Form>
          )}
          <p>
            <a href="/">Back</a>
          </p>
        </section>
      </main>
    </>
  );
}
