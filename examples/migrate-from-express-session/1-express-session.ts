// The application before the move.
import session from "express-session";
import { options, serve } from "./app.ts";

serve(session(options));
