import { type D1Like, D1SessionBackend } from "micropie/backends/d1";
import { OLDER, runCase } from "./suite.ts";

let cases = 0;

export default {
  fetch: (request: Request, { DB }: { DB: D1Like }): Promise<Response> =>
    runCase(request, () => {
      const table = `case_${++cases}`;
      return {
        backend: new D1SessionBackend(DB, { table }),
        advance: async (seconds) => {
          await DB.prepare(`UPDATE ${table} SET ${OLDER}`).bind(seconds).all();
        },
      };
    }),
};
