import { reactRouter } from "@react-router/dev/vite";
import { defineConfig } from "vite";

// The page and the style that the examples share are outside of this folder.
const server = { fs: { allow: [".."] } };

export default defineConfig({ plugins: [reactRouter()], server });
