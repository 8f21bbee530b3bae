import { Module } from "@nestjs/common";
import { APP_FILTER } from "@nestjs/core";
import { AppController } from "./app.controller.ts";
import { SessionErrorFilter } from "./session-error.filter.ts";

@Module({
  controllers: [AppController],
  providers: [{ provide: APP_FILTER, useClass: SessionErrorFilter }],
})
export class AppModule {}
