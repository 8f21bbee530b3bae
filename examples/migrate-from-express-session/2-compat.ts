// The first deploy: another import, the same store, cookies and records. Servers of version 1 may run beside it, as long
// as you like, and the way back is to deploy version 1 again.
import session from "micropie/compat/drop-in";
import { options, serve } from "./app.ts";

serve(session(options));
