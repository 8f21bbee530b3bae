module.exports = {
  transform: {
    "\\.m?js$": ["babel-jest", { presets: [["@babel/preset-env", { targets: { node: "current" } }]] }],
  },
  transformIgnorePatterns: ["/node_modules/(?!(micropie|devalue|srvx)/)"],
};
