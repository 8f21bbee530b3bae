/** micropie/compat/drop-in on Express 5: the application of express-session, on one of our back-ends. */

import session from "micropie/compat/drop-in";
import { SessionStore } from "micropie/compat/store";
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
