/** What a channel tells while it is open. Called at once for each thing it hears, in the order of the store. */
export interface ChannelListener {
  /** The record of this handle was changed or has ended. Handles that nobody knows are ignored. */
  changed(handle: string): void;
  /** Any record may have been. */
  changedAll(): void;
  /** From now on the channel may miss something; another one is opened then. */
  lost(error: unknown): void;
}

/**
 * One unbroken connection to whatever tells what changes in a store, by whomever: each change and each end from the
 * moment at which it was opened. Once it has missed anything it never answers a ping again.
 */
export interface Channel {
  /**
   * Resolves when everything has been told that the store had acknowledged to anybody before this call. Rejects, or
   * never answers, if it cannot know.
   */
  ping(): Promise<void>;
}

/**
 * Opens a channel; resolves when it hears everything from now on. `signal` is aborted when nobody needs it any more, be
 * it open, lost or still to be opened: whatever was opened for it must end then.
 */
export type OpenChannel = (listener: ChannelListener, signal: AbortSignal) => Promise<Channel>;
