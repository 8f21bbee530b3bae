import type { Handle, HandleServerError } from "@sveltejs/kit/hooks";
import { svelteKitErrors, svelteKitSessions } from "micropie/adapters/sveltekit";
import { sessions } from "#lib/server/sessions.ts";

export const handle: Handle = svelteKitSessions(sessions);
export const handleError: HandleServerError = svelteKitErrors();
