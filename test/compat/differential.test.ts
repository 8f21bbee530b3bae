import { compareOn } from "./_differential.ts";

compareOn("Express 5");
