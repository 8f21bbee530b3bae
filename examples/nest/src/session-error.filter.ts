import { type ArgumentsHost, Catch, HttpException } from "@nestjs/common";
import { BaseExceptionFilter } from "@nestjs/core";
import { SessionError } from "micropie";

/** Sends the status of a SessionError: 503 if the store is down, where Nest would send 500. */
@Catch(SessionError)
export class SessionErrorFilter extends BaseExceptionFilter {
  override catch(error: SessionError, host: ArgumentsHost): void {
    super.catch(new HttpException("The session is not available.", error.status, { cause: error }), host);
  }
}
