export function once<T>(lock: string, isNeeded: () => boolean, work: () => T): T | undefined;
export function take(lock: string): boolean;
export function release(lock: string): void;
