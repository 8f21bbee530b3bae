import { update } from "micropie";
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = ({ locals }) => {
  const { visits = 0, name, streamed = 0 } = locals.session;
  return { visits, name, streamed };
};

/** Called by the button of the page; `POST /count` does the same without a page. */
export const actions: Actions = {
  count: async ({ locals }) => {
    await update(locals.session, "visits", (visits = 0) => visits + 1);
  },
};
