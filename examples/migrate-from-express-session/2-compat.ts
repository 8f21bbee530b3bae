// The first deploy: another import, the same store, cookies and records. Servers of version 1 can run at the same time. To go
// back, deploy version 1 again.
import session from "micropie/compat/drop-in";
import { options, serve } from "./app.ts";

serve(session(options));
