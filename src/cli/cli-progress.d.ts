/** What is used of cli-progress, which has no types of its own. */
declare module "cli-progress" {
  class SingleBar {
    constructor(options: {
      format: string;
      barsize: number;
      barCompleteChar: string;
      barIncompleteChar: string;
      clearOnComplete: boolean;
      linewrap: boolean;
    });
    start(total: number, startValue: number, payload: object): void;
    setTotal(total: number): void;
    update(value: number, payload: object): void;
    stop(): void;
  }
  const progress: { readonly SingleBar: typeof SingleBar };
  export default progress;
}
