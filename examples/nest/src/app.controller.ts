import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  Header,
  Headers,
  Post,
  Redirect,
  Session,
  StreamableFile,
} from "@nestjs/common";
import { login, logout, type Session as SessionOf, update } from "micropie";
import { deviceName } from "../../device.ts";
import { devicesPage, page } from "../../page.ts";
import { sessions } from "./sessions.ts";
import { UserId } from "./user.decorator.ts";

@Controller()
export class AppController {
  @Get()
  @Header("Content-Type", "text/html; charset=utf-8")
  home(@Session() session: SessionOf): string {
    return page(session);
  }

  @Post("count")
  @Redirect("/", 303)
  async count(@Session() session: SessionOf): Promise<void> {
    await update(session, "visits", (visits = 0) => visits + 1);
  }

  @Post("login")
  @Redirect("/", 303)
  login(
    @Session() session: SessionOf,
    @Body("name") given: string,
    @Headers("user-agent") userAgent: string,
  ): void {
    const name = String(given ?? "").trim();
    if (name === "") throw new BadRequestException("Which name?");
    login(session, name); // a new id; the old one stops working
    session.name = name;
    session.device = deviceName(userAgent);
  }

  @Post("logout")
  @Redirect("/", 303)
  logout(@Session() session: SessionOf): void {
    logout(session);
  }

  @Get("devices")
  @Header("Content-Type", "text/html; charset=utf-8")
  async devices(@Session() session: SessionOf, @UserId() userId: string | undefined): Promise<string> {
    const devices =
      userId === undefined ? [] : await sessions.list({ userId }, { current: session }).toArray();
    return devicesPage(devices);
  }

  @Post("end")
  @Redirect("/devices", 303)
  async end(@UserId() userId: string | undefined, @Body("handle") given: string): Promise<void> {
    const handle = String(given); // from a form, so it can be anybody's
    const [device] = await sessions.list({ handle }).toArray();
    if (userId !== undefined && device?.userId === userId) await sessions.revoke({ handle });
  }

  @Post("end-others")
  @Redirect("/devices", 303)
  async endOthers(@Session() session: SessionOf, @UserId() userId: string | undefined): Promise<void> {
    if (userId !== undefined) await sessions.revoke({ userId, except: session });
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
