import { info } from "micropie";
import { NextResponse } from "next/server";
import { proxy as withSession } from "./lib/sessions.ts";

export const proxy = withSession((request, session) => {
  if (info(session).userId === undefined) return NextResponse.redirect(new URL("/", request.url));
  return NextResponse.next();
});

export const config = { matcher: "/account" };
