/** Pages that begin with a whole project, by framework, with the example whose packages it needs besides the repository's. */
export const FIRST_PARTS: Readonly<Record<string, { readonly page: string; readonly example?: string }>> = {
  App: { page: "docs/app.md" },
  Express: { page: "docs/adapters/express.md" },
  Fastify: { page: "docs/adapters/fastify.md" },
  Koa: { page: "docs/adapters/koa.md" },
  Hono: { page: "docs/adapters/hono.md" },
  h3: { page: "docs/adapters/h3.md" },
  Elysia: { page: "docs/adapters/elysia.md" },
  Next: { page: "docs/adapters/next.md", example: "next" },
};
