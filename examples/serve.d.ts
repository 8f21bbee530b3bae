export const port: number;
export const url: string;
/** Says what to try, and ends with the program that started this one. */
export function listening(name: string): void;
