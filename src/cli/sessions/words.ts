const NUMBER = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** Returns a whole number with commas: 12,345. */
export function numberText(count: number): string {
  return NUMBER.format(count);
}

/** Returns how many of something: "1 session", "2,000 sessions". */
export function counted(count: number, noun: string): string {
  return `${numberText(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Returns a length of time in the largest unit that fits, cut to a whole number: "59 s", "3 min", "12 d". */
export function lengthText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 172_800) return `${Math.floor(whole / 3600)} h`;
  return `${numberText(Math.floor(whole / 86_400))} d`;
}

/** Returns a time in UTC, to the second: "2026-01-01 12:00:00". */
export function timeText(seconds: number): string {
  return isoText(seconds).slice(0, 19).replace("T", " ");
}

/** Returns a time as JSON has it (ISO 8601). */
export function isoText(seconds: number): string {
  return new Date(Math.floor(seconds * 1000)).toISOString();
}
