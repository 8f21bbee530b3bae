export default {
  mode: "production",
  target: "node22",
  entry: {
    "node-server": "./node-server.js",
    "fetch-server": "./fetch-server.js",
    "app-server": "./app-server.js",
  },
  output: { path: `${import.meta.dirname}/out`, module: true, clean: true },
  // Else webpack writes "production" wherever NODE_ENV is asked for.
  optimization: { nodeEnv: false },
};
