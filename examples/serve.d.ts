export const port: number;
export const url: string;
/** Prints what to try, and ends when the program that started this one ends. */
export function listening(name: string): void;
