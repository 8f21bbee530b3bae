// One process of the chat. Sessions, messages and who is here are in one Redis.
import { App, html, info, login, logout, post, redirect, reply } from "micropie";
import { RedisSessionBackend } from "micropie/backends/redis";
import type { AppSocket } from "micropie/sockets/app";
import { Room, redisAt } from "./room.ts";

const url = process.env.REDIS_URL ?? "redis://localhost:6379";
const client = await redisAt(url).connect();
const room = await Room.open(client);

/** How many messages this session has sent. */
interface Data {
  sent?: number;
}

class Chat extends App<Data> {
  index() {
    const { userId } = info(this.request.session);
    return userId === undefined ? signIn : page(userId, this.request.session.sent ?? 0);
  }

  login = post(() => {
    const name = this.request.form("name", "").trim();
    if (name === "") return reply(400, "Give a name.");
    login(this.request.session, name.slice(0, 40));
    return redirect("/", 303);
  });

  logout = post(() => {
    logout(this.request.session);
    return redirect("/", 303);
  });

  // Only pages of this host get here: a page of another site would send the cookie too.
  async ws_chat(ws: AppSocket<Data>) {
    const { userId } = info(this.request.session);
    if (userId === undefined) return reply(401, "Sign in first");
    await ws.accept();
    await room.join(ws, userId);
    try {
      // The loop ends when the socket closes: by its page, or because the session has ended, in whichever process.
      for await (const text of ws) {
        // A message is a request of its own: it loads the session, and saves what it changes.
        await ws.session((session) => {
          session.sent = (session.sent ?? 0) + 1;
        });
        await room.say(userId, String(text).slice(0, 500));
      }
    } finally {
      await room.leave(ws);
    }
    return undefined;
  }
}

const signIn = html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Chat</title>
<h1>A chat in two processes</h1>
<p>Sign in here, then open the address of the other process in a second tab: you are signed in there too.</p>
<form method="post" action="/login">
  <label>Your name <input name="name" required autofocus></label> <button>Sign in</button>
</form>
</html>`;

const page = (user: string, sent: number) => html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Chat</title>
<h1>A chat in two processes</h1>
<p>You are <b>${user}</b>, and have sent ${sent} messages. Log out in one tab, and watch the other.</p>
<form method="post" action="/logout"><button>Log out</button></form>
<p>The socket is <output id="state">opening</output>. Here: <output id="here"></output></p>
<form id="say"><label>Message <input id="text" required autocomplete="off"></label> <button>Send</button></form>
<ul id="log" aria-live="polite"></ul>
<script type="module">
  const at = (id) => document.getElementById(id);
  const socket = new WebSocket(location.href.replace(/^http/, "ws") + "chat");
  socket.onopen = () => { at("state").value = "open"; };
  socket.onclose = ({ code, reason }) => { at("state").value = "closed: " + code + " " + reason; };
  socket.onmessage = ({ data }) => {
    const { here, user, text } = JSON.parse(data);
    if (here !== undefined) { at("here").value = here.join(", "); return; }
    const line = document.createElement("li");
    line.textContent = user + ": " + text;
    at("log").append(line);
  };
  at("say").onsubmit = (event) => {
    event.preventDefault();
    socket.send(at("text").value);
    at("text").value = "";
  };
</script>
</html>`;

const app = new Chat({ sessionBackend: new RedisSessionBackend(client) });
app.shutdownHandlers.push(() => room.close());
app.shutdownHandlers.push(() => void client.close());
const running = await app.serve({ port: Number(process.env.PORT ?? 8000), hostname: "localhost" });
console.log(running.url);
