import { cookies, headers } from "next/headers";
import { forbidden, notFound, permanentRedirect, redirect } from "next/navigation";

// The test has no copy of these that would know of the requests.
globalThis.next = { cookies, forbidden, headers, notFound, permanentRedirect, redirect };
