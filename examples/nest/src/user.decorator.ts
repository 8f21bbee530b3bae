import { createParamDecorator, type ExecutionContext } from "@nestjs/common";
import { info } from "micropie";

/** The id of the signed-in user, or undefined. */
export const UserId = createParamDecorator((_: unknown, context: ExecutionContext): string | undefined => {
  return info(context.switchToHttp().getRequest().session).userId;
});
