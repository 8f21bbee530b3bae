import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  Header,
  Post,
  Redirect,
  Session,
  StreamableFile,
} from "@nestjs/common";
import { info, login, logout, type Session as SessionOf, update } from "micropie";
import { page } from "../../page.ts";
import { sessions } from "./sessions.ts";
import { UserId } from "./user.decorator.ts";

@Controller()
export class AppController {
  @Get()
  @Header("Content-Type", "text/html; charset=utf-8")
  home(@Session() session: SessionOf): string {
    return page(session.visits ?? 0, session.name);
  }

  @Post("count")
  @Redirect("/", 303)
  async count(@Session() session: SessionOf): Promise<void> {
    await update(session, "visits", (visits = 0) => visits + 1);
  }

  @Post("login")
  @Redirect("/", 303)
  login(@Session() session: SessionOf, @Body("name") given: string): void {
    const name = String(given ?? "").trim();
    if (name === "") throw new BadRequestException("Which name?");
    login(session, name); // a new id; the old one stops working
    session.name = name;
  }

  @Post("logout")
  @Redirect("/", 303)
  logout(@Session() session: SessionOf): void {
    logout(session);
  }

  @Get("devices")
  async devices(
    @Session() session: SessionOf,
    @UserId() userId: string | undefined,
  ): Promise<{ handle: string; current: boolean }[]> {
    const devices = userId === undefined ? [] : await sessions.list({ userId }).toArray();
    const { handle } = info(session);
    return devices.map((device) => ({ handle: device.handle, current: device.handle === handle }));
  }

  @Post("logout-everywhere")
  @Redirect("/", 303)
  async logoutEverywhere(@Session() session: SessionOf, @UserId() userId: string | undefined): Promise<void> {
    if (userId !== undefined) await sessions.revoke({ userId, except: session });
    logout(session); // this session too, with its cookie
  }

  @Get("stream")
  @Header("Content-Type", "text/plain; charset=utf-8")
  stream(@Session() session: SessionOf): StreamableFile {
    async function* parts(): AsyncGenerator<string> {
      for (let part = 1; part <= 5; part++) {
        yield `part ${part}\n`;
        await pause(100);
      }
      session.streamed = (session.streamed ?? 0) + 1; // saved when the stream ends
      yield "end\n";
    }
    return new StreamableFile(Readable.from(parts(), { objectMode: false }), {
      type: "text/plain; charset=utf-8",
    });
  }
}
