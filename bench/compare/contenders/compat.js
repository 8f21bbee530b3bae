/** micropie/compat/drop-in on Express 5: the application of express-session, on one of our back-ends. */

import session from "micropie/compat/drop-in";
import { SessionStore } from "micropie/compat/store";
import { backend } from "../own.js";
import { serveOn } from "./express-session.js";

export default {
  name: "micropie compat",
  kind: "micropie",
  on: "express",
  packages: ["express"],
  own: true,
  /** The calls of express-session are all that it has. `userIdOf` of its store adds lists of a user's sessions, and their end. */
  without: { "ended elsewhere": "not in this API", "session limit": "not in this API" },
  /** And its records are those of express-session, which can run beside it, and those are JSON. */
  except: ["a Date", "ended elsewhere", "open connection", "session limit"],
  start: (store, application, settings) =>
    serveOn(session, new SessionStore(backend(store)), application, settings),
};
