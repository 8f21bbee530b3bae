import { h3Suite } from "./_h3-suite.ts";

h3Suite("serve");
