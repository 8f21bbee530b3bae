/**
 * Two kinds of session in one application: visitors of the shop, and those who run it.
 *
 *     npx micropie examples/recipes/shop-and-admin.ts
 */
import { Hono } from "hono";
import { createSessions, InMemorySessionBackend, info, login, logout } from "micropie";
import { honoSessions } from "micropie/adapters/hono";
import { isPassword } from "./users.ts";

const backend = new InMemorySessionBackend(); // one store for both

const shop = createSessions<{ cart: string[] }>({ backend });
const admin = createSessions<{ role: string }>({
  backend,
  cookie: { name: "admin_id", path: "/admin", sameSite: "strict" },
  timeouts: "aal3", // 15 minutes without a request, 12 hours in total
});

const app = new Hono()
  .use(honoSessions(shop))
  .use("/admin/*", honoSessions(admin, { as: "admin" }))
  .get("/", (c) => c.json({ cart: c.var.session.cart ?? [] }))
  .post("/add/:item", (c) => {
    const { session } = c.var;
    session.cart = [...(session.cart ?? []), c.req.param("item")];
    return c.redirect("/", 303);
  })
  .post("/admin/login", async (c) => {
    const form = await c.req.formData();
    const name = String(form.get("name"));
    if (!(await isPassword(name, String(form.get("password"))))) return c.text("Try again.", 401);
    login(c.var.admin, name); // the session of the shop stays as it is
    c.var.admin.role = "owner";
    return c.redirect("/admin/", 303);
  })
  .get("/admin/", (c) => {
    const { userId } = info(c.var.admin);
    if (userId === undefined) return c.text("Sign in first.", 401);
    return c.json({ userId, role: c.var.admin.role });
  })
  .post("/admin/logout", (c) => {
    logout(c.var.admin);
    return c.redirect("/", 303);
  });
export default app;
