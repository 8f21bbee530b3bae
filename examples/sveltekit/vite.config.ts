import adapter from "@sveltejs/adapter-node";
import { sveltekit } from "@sveltejs/kit/vite";
import { defineConfig } from "vite";

// The page and the style that the examples share are outside of this folder.
const server = { fs: { allow: [".."] } };

export default defineConfig({ plugins: [sveltekit({ adapter: adapter() })], server });
