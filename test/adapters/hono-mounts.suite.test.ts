import { honoSuite } from "./_hono-suite.ts";

honoSuite("srvx");
