// Where it begins.
import session from "express-session";
import { options, serve } from "./app.ts";

serve(session(options));
