import type { PgLike } from "micropie/backends/postgres";
import { systemEnvironment } from "micropie/environment";
import { expect, test } from "vitest";
import { onServer } from "../servers/on-server.ts";
import { newCase, openPool } from "./_postgres.ts";
import { newPatch, newRecord } from "./_records.ts";

await onServer("postgres", ({ url }) => {
  test("behind a pooler that answers with another's row, a merge stores nothing of it", async () => {
    const opened = openPool(url);
    let isCrossed = false;
    const query: PgLike["query"] = (config) => {
      const values = config.values?.map((value) => (isCrossed && value === "ann" ? "bob" : value));
      const isRead = config.text.startsWith("SELECT");
      return opened.client.query(isRead && values !== undefined ? { ...config, values } : config);
    };
    const { backend, drop } = newCase({ ...opened, client: { query } });
    // Its pauses are none.
    backend.environment = { ...systemEnvironment, random: () => 0 };
    for (const [handle, secret] of [
      ["ann", "hash-a"],
      ["bob", "hash-b"],
    ] as const) {
      await backend.create(handle, newRecord({ data: `{"is":"${handle}"}`, secretHash: secret }));
      await backend.patch(handle, newPatch({}, { data: `{"is":"${handle}","n":1}` }));
    }
    // Both are at version 2 now, so only the hash tells them apart.
    isCrossed = true;
    await expect(backend.patch("ann", newPatch({ m: 1 }))).rejects.toThrow("session ann");
    isCrossed = false;
    expect(await backend.read("ann")).toMatchObject({ data: '{"is":"ann","n":1}', version: 2 });
    expect(await backend.patch("ann", newPatch({ m: 1 }))).toBe("merged");
    expect(JSON.parse((await backend.read("ann"))!.data)).toEqual({ is: "ann", n: 1, m: 1 });
    await drop();
    await opened.end();
  });
});
