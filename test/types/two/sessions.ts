import { createSessions } from "micropie";

export const shop = createSessions<{ cart: string[] }>();
export const admin = createSessions<{ role: "root" | "editor" }>({
  cookie: { name: "admin_id" },
  timeouts: "aal3",
});

declare module "micropie" {
  interface Register {
    session: typeof shop;
    admin: typeof admin;
  }
}
