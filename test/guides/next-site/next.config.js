import { join } from "node:path";

/** The packages are three folders up. What fails in a build is told of all that do, not of the first one. */
export default {
  turbopack: { root: join(import.meta.dirname, "../../..") },
  poweredByHeader: false,
  experimental: { prerenderEarlyExit: false },
};
