import { honoSuite } from "./_hono-suite.ts";

honoSuite("@hono/node-server");
