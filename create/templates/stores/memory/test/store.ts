export { openStore as openTestStore } from "../src/store.ts";
