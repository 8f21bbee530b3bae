"use server";

import { refresh } from "next/cache";

export async function run(form) {
  const result = await globalThis.site.action(form);
  refresh();
  return result;
}
