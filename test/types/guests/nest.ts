import {
  Controller,
  createParamDecorator,
  type ExecutionContext,
  Get,
  Post,
  Session as SessionOf,
} from "@nestjs/common";
import { createSessions, info, login, type Session, update } from "micropie";
import { expressSessions } from "micropie/adapters/express";
import { fastifySessions } from "micropie/adapters/fastify";

export const sessions = createSessions<{ visits: number; cart: string[] }>();
declare module "micropie" {
  interface Register {
    session: typeof sessions;
  }
}
export const mounted = [expressSessions(sessions), fastifySessions(sessions, { failedByStatus: true })];

export const UserId = createParamDecorator((_: unknown, context: ExecutionContext) => {
  const { session } = context.switchToHttp().getRequest<{ session: Session }>();
  return info(session).userId;
});

@Controller()
export class AppController {
  @Get()
  home(@SessionOf() session: Session, @UserId() user: string | undefined): string {
    session.visits = (session.visits ?? 0) + 1;
    // @ts-expect-error misspelt
    session.visit;
    return `${session.visits} ${user}`;
  }

  @Post("login")
  async login(@SessionOf() session: Session): Promise<string[] | undefined> {
    login(session, "ann");
    await update(session, "visits", (visits = 0) => visits + 1);
    return session.cart;
  }
}
