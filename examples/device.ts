const BROWSERS: Record<string, RegExp> = {
  Edge: /Edg/,
  Opera: /OPR/,
  Firefox: /Firefox|FxiOS/,
  Chrome: /Chrom|CriOS/,
  Safari: /Safari/,
};
const SYSTEMS: Record<string, RegExp> = {
  iPhone: /iPhone/,
  iPad: /iPad/,
  Android: /Android/,
  Windows: /Windows/,
  macOS: /Mac OS/,
  ChromeOS: /CrOS/,
  Linux: /Linux/,
};

/**
 * Returns a name for a device, such as "Firefox on Windows". It is what the client says of itself, so show it and trust it
 * with nothing. Libraries such as ua-parser-js know more of them.
 */
export function deviceName(userAgent: string | null | undefined): string {
  const named = (names: Record<string, RegExp>) =>
    Object.keys(names).find((name) => names[name]?.test(userAgent ?? ""));
  const known = [named(BROWSERS), named(SYSTEMS)].filter((name) => name !== undefined);
  return known.join(" on ") || userAgent?.slice(0, 80) || "An unknown device";
}

const UNITS = { day: 86_400, hour: 3600, minute: 60 };

/** Returns how long ago a time was, in seconds since 1970: "5 minutes ago". */
export function ago(time: number, now: number = Date.now() / 1000): string {
  const passed = now - time;
  for (const [unit, seconds] of Object.entries(UNITS)) {
    const count = Math.floor(passed / seconds);
    if (count >= 1) return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
  }
  return "just now";
}
