/** micropie/compat/express-session on Express 5: the application of express-session, on one of our back-ends. */
import { SessionStore } from "micropie/adapters/express-session";
import session from "micropie/compat/express-session";
import { backend } from "../own.js";
import { serveOn } from "./express-session.js";

export default {
  name: "micropie compat",
  on: "express",
  packages: ["express"],
  own: true,
  /** Its records are those of express-session, which can run beside it, and those are JSON. */
  except: ["a Date"],
  start: (store, application) => serveOn(session, new SessionStore(backend(store)), application),
};
