import { DurableObject, env } from "cloudflare:workers";
import { createSessions } from "micropie";
import { DurableObjectSessionBackend, SessionsObject } from "micropie/backends/durable-object";
import { type Data, webApp } from "../web-app.ts";

export class Sessions extends SessionsObject(DurableObject) {}

const sessions = createSessions<Data>({ backend: new DurableObjectSessionBackend(env.SESSIONS) });

export default { fetch: webApp(sessions) };
