import { join } from "node:path";

/** The packages are three folders up. */
export default { turbopack: { root: join(import.meta.dirname, "../../..") }, poweredByHeader: false };
