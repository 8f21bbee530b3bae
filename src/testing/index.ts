export { type AdapterSuiteOptions, adapterSuite, type RunningSite } from "./adapter-suite.ts";
export { type BackendSuiteOptions, backendSuite } from "./backend-suite.ts";
export { type Browser, browser } from "./browser.ts";
export { type VirtualEnvironment, type VirtualOptions, virtualEnvironment, withClock } from "./clock.ts";
export type { Demo, DemoAnswer, DemoData, DemoRequest } from "./demo.ts";
export { type Gate, gate } from "./gate.ts";
export { GatedBackend, type Verb } from "./gated-backend.ts";
export type { SuiteCase } from "./suite-case.ts";
export type { CreateStore, TestStore } from "./world.ts";
