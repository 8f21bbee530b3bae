import { expect, onTestFinished, test } from "vitest";
import { type Socket, siteAt } from "../app/_socket.ts";
import { onWorkerd } from "../servers/miniflare.ts";

await onWorkerd(
  {
    main: new URL("_workers/chat.ts", import.meta.url),
    durableObjects: { SESSIONS: "Sessions", CHAT: "Chat" },
  },
  ({ ask, url }) => {
    const { open: connect, refusal } = siteAt(Number(url.port));
    const open = async (...how: Parameters<typeof connect>): Promise<Socket> => {
      const socket = await connect(...how);
      onTestFinished(async () => {
        socket.close();
        await socket.closed;
      });
      return socket;
    };
    /** Reads the answer to its end, or its connection stays. */
    const told = async (path: string): Promise<string> => (await ask(path)).text();
    const signIn = async (): Promise<string> => {
      const signed = await ask("sign");
      await signed.text();
      return signed.headers.getSetCookie()[0]!.split(";", 1)[0]!;
    };

    test("a socket has the session of its cookie, and each message saves what it changes", async () => {
      const socket = await open("/chat", { cookie: await signIn() });
      socket.send("user");
      expect(await socket.next()).toBe("ann");
      for (const n of ["1", "2"]) {
        socket.send("count");
        expect(await socket.next()).toBe(n);
      }
    });

    test("the cookie of a session that begins at the handshake is on the 101", async () => {
      const socket = await open("/chat?begin");
      expect(socket.cookie).toMatch(/^session_id=/);
      socket.send("count");
      expect(await socket.next()).toBe("11");
    });

    test("a page of another site is refused with 403", async () => {
      expect((await refusal("/chat", { origin: "https://evil.example" })).status).toBe(403);
    });

    test.each(["count", "all"])(
      "after a revoke, the message %s closes the socket, and gets no answer",
      async (message) => {
        const socket = await open("/chat", { cookie: await signIn() });
        await told("revoke");
        socket.send(message);
        expect(await socket.closed).toMatchObject({ code: 4401, reason: "ended" });
        expect(socket.received).toEqual([]);
      },
    );

    test("the alarm closes silent sockets whose session has ended, and no others", async () => {
      const silent = await open("/chat", { cookie: await signIn() });
      const stranger = await open("/chat");
      await told("revoke");
      expect(await told("alarm")).toBe("rang");
      expect((await silent.closed).code).toBe(4401);
      stranger.send("user");
      expect(await stranger.next()).toBe("undefined");
    });

    test("what is sent to all reaches those whose session lives, and closes the others", async () => {
      const ended = await open("/chat", { cookie: await signIn() });
      await told("revoke");
      const stranger = await open("/chat");
      stranger.send("all");
      expect(await stranger.next()).toBe("to all");
      expect((await ended.closed).code).toBe(4401);
      expect(ended.received).toEqual([]);
    });
  },
);
