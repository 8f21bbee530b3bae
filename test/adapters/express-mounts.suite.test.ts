import { expressOptions } from "./_express-options.ts";
import { expressSuite } from "./_express-suite.ts";

expressSuite("5", ["with Express' own error page", "after compression", "before compression"]);
expressSuite("4", [
  "with an error handler",
  "with Express' own error page",
  "after compression",
  "before compression",
]);
expressOptions("4");
