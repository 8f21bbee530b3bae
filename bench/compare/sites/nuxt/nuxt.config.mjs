export default defineNuxtConfig({
  modules: ["nuxt-auth-utils"],
  compatibilityDate: "2026-11-01",
  telemetry: false,
  // Its pages are of no interest here, and its routes of the server are the same without rendering.
  ssr: false,
  nitro: { preset: "node" },
  runtimeConfig: { session: { maxAge: 8 * 60 * 60, cookie: { secure: false } }, compareBuild: "first" },
});
