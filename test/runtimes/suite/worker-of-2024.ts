import { workerGroups } from "./worker-groups.ts";
import { workerFor } from "./worker-runner.ts";

export default workerFor(workerGroups);
