import { join } from "node:path";
import type { NextConfig } from "next";

const config: NextConfig = {
  // Only because the library is beside this folder, and not in node_modules.
  turbopack: { root: join(import.meta.dirname, "../..") },
};

export default config;
