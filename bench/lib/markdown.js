/** A Markdown table; columns after the first are numbers and stand on the right. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

export function machineText({ cpu, cores, memoryGiB, system, node }) {
  return `${cpu} (${cores} cores), ${memoryGiB} GiB, ${system}, Node ${node}`;
}

/** 12.34 → "12.3", 123.4 → "123". */
export function number(value) {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
