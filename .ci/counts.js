// A reporter of Vitest that writes a line for each test file that is done, "passed failed skipped", to the file that
// COUNTS names: so a run that is cut short has been counted as far as it came.
import { appendFileSync } from "node:fs";

export default class Counts {
  onTestModuleEnd(testModule) {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const testCase of testModule.children.allTests()) count[testCase.result().state]++;
    // A file that could not be loaded, or failed outside of its tests.
    if (count.failed === 0 && testModule.state() === "failed") count.failed = 1;
    appendFileSync(process.env.COUNTS, `${count.passed} ${count.failed + count.pending} ${count.skipped}\n`);
  }
}
