import { bytes } from "../../../../answers/web.js";
import { handedOver } from "../../../handed-over.js";

export default defineEventHandler(async (event) => {
  const { application } = handedOver[useRuntimeConfig(event).compareBuild];
  const { status, headers, body } = await application.answer(event.node.req.url, facade(event));
  if (status === 302) return sendRedirect(event, headers.location);
  setResponseStatus(event, status);
  setResponseHeaders(event, headers);
  return typeof body === "string" ? body : sendStream(event, bytes(body));
});

function facade(event) {
  return {
    get: () => getUserSession(event),
    set: (key, value) => setUserSession(event, { [key]: value }),
    login: (user) => replaceUserSession(event, { user }),
    logout: () => clearUserSession(event),
    guard: () => requireUserSession(event),
  };
}
