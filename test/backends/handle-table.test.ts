import fc from "fast-check";
import { expect, test } from "vitest";
import { HandleTable } from "../../src/backends/_memory/handle-table.ts";

test("finds what a Map would find, whatever is added and removed", () => {
  // Few names, so that they come back and collide; and long enough runs to grow and shrink.
  const step = fc.record({ handle: fc.nat(300).map((n) => `handle-${n}`), add: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 2000, size: "max" }), (steps) => {
      const table = new HandleTable<{ handle: string }>();
      const map = new Map<string, { handle: string }>();
      for (const { handle, add } of steps) {
        if (add && !map.has(handle)) {
          const entry = { handle };
          table.add(entry);
          map.set(handle, entry);
        } else if (!add && map.delete(handle)) {
          table.remove(handle);
        }
      }
      expect(table.size).toBe(map.size);
      for (let n = 0; n <= 300; n++) expect(table.get(`handle-${n}`)).toBe(map.get(`handle-${n}`));
    }),
    { numRuns: 60 },
  );
});
