/** The figures of a run, for the terminal. */
import { Figures } from "./statistics.js";

const cell = (value, digits = 2) => (value === undefined ? "–" : value.median.toFixed(digits));

export function printSummary({ servers, loads, measurements }) {
  for (const load of loads) {
    const figures = new Figures(measurements, load.name);
    console.log(`\n${load.label} (GET ${load.path})`);
    console.table(
      Object.fromEntries(
        servers
          .filter((server) => figures.has(server.name))
          .map((server) => {
            const { median, min, max } = figures.of(server.name);
            return [
              server.label,
              {
                "µs/request": median.toFixed(1),
                range: `${min.toFixed(1)}–${max.toFixed(1)}`,
                "× bare": cell(figures.ratio(server.name, "node")),
                "× Map": cell(figures.ratio(server.name, "node+map")),
                "µs over its floor": cell(figures.difference(server.name, server.floor), 1),
              },
            ];
          }),
      ),
    );
  }
  const weak = measurements.filter(({ serverUse, generatorUse }) => generatorUse > 0.97 && serverUse < 0.9);
  if (weak.length > 0) console.log(`${weak.length} measurements in which the generator was the limit`);
  const noisy = measurements.filter((one) => one.noisy);
  console.log(`${noisy.length} of ${measurements.length} measurements disturbed by other processes`);
}
