import { info } from "micropie";
import { ago } from "../../../device.ts";
import { TRY_DEVICES } from "../../../page.ts";
import { read, sessions } from "../../lib/sessions.ts";

export default async function Devices() {
  const session = await read();
  const { userId } = info(session);
  const devices = userId === undefined ? [] : await sessions.list({ userId }, { current: session }).toArray();
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
            {devices.map(({ handle, current, lastSeenAt, data }) => (
              <li key={handle} data-handle={handle} aria-current={current ? "true" : undefined}>
                <div>
                  <b>{data.device}</b>
                  <br />
                  <span className="quiet">last seen {ago(lastSeenAt)}</span>
                </div>
                {current ? (
                  <mark>this device</mark>
                ) : (
                  <form method="post" action="/end">
                    <input type="hidden" name="handle" value={handle} />
                    <button type="submit">End this one</button>
                  </form>
                )}
              </li>
            ))}
          </ul>
          {devices.length > 1 && (
            <form method="post" action="/end-others">
              <button type="submit">End all others</button>
            </form>
          )}
          <p>
            <a href="/">Back</a>
          </p>
        </section>
      </main>
    </>
  );
}
