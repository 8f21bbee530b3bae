import { expressSuite } from "./_express-suite.ts";

expressSuite("5");
