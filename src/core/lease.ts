/** Exclusive use of one session, renewed until it is released. */
export interface Lease {
  /** What `patch` takes as `ifFence`: a later holder has a higher one, and then nothing of this holder's is stored. */
  readonly fence: number;
  /** Renews it no more: it ends after `lock.ttl`, if it is not released before. */
  lapse(): void;
  release(): Promise<void>;
}
