import { backendSuite, type TestStore } from "micropie/testing";

const TIMES = ["expires_at", "absolute_expires_at", "previous_until", "locked_until"];

/** What an UPDATE sets to make all that a table holds so many seconds older; 0 stands for never. */
export const OLDER: string = TIMES.map((time) => `${time} = iif(${time} = 0, 0, ${time} - ?1)`).join(", ");

/** Answers a request for one case of the back-end suite by running it here, inside of workerd. */
export async function runCase(request: Request, create: () => TestStore): Promise<Response> {
  const name = await request.text();
  try {
    await backendSuite({ create })
      .find((each) => each.name === name)!
      .run();
    return new Response(null, { status: 204 });
  } catch (error) {
    return new Response(error instanceof Error ? error.stack : String(error), { status: 500 });
  }
}
