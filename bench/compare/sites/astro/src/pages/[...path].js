import { webAnswer } from "../../../../answers/web.js";
import { handedOver } from "../../../handed-over.js";

export async function GET({ request, session }) {
  const { application } = handedOver[import.meta.env.COMPARE_BUILD ?? __BUILD__];
  return webAnswer(await application.answer(request.url, facade(session)));
}

function facade(session) {
  return {
    async get() {
      return Object.fromEntries(await session.entries());
    },
    set: (key, value) => session.set(key, value),
    async login(user) {
      await session.regenerate();
      session.set("user", user);
    },
    logout: () => session.destroy(),
  };
}
