"use server";

import { update } from "micropie";
import { refresh } from "next/cache";
import { action } from "../lib/sessions.ts";

export const count = action(async (session) => {
  await update(session, "visits", (visits = 0) => visits + 1);
  refresh();
});
