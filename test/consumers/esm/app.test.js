import { createSessions } from "micropie";
import { signedIn } from "micropie/testing";
import supertest from "supertest";
import { makeApp } from "./app.js";

test("a signed-in user is greeted by name", async () => {
  const sessions = createSessions();
  const client = supertest(makeApp(sessions));
  await client.get("/me").expect(401);
  const cookie = await signedIn(sessions, "ann");
  await client.get("/me").set("Cookie", cookie).expect(200, "hello ann");
});
