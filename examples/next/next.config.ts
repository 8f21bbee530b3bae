import { join } from "node:path";
import type { NextConfig } from "next";

const config: NextConfig = {
  // Needed only because the library is outside this folder and not in node_modules.
  turbopack: { root: join(import.meta.dirname, "../..") },
};

export default config;
