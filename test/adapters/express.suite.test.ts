import { expressOptions } from "./_express-options.ts";
import { expressSuite } from "./_express-suite.ts";

expressSuite("5", ["with an error handler"]);
expressOptions("5");
