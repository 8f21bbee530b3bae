const tsconfig = {
  module: "commonjs",
  target: "es2023",
  esModuleInterop: true,
  isolatedModules: true,
  allowJs: true,
};

module.exports = {
  transform: { "\\.(ts|m?js)$": ["ts-jest", { tsconfig }] },
  transformIgnorePatterns: ["/node_modules/(?!(micropie|devalue|srvx)/)"],
};
