const { exports: subpaths } = require("micropie/package.json");

/** Of each module, whether `require` gives what `import` does, instead of another copy of it. */
async function main() {
  const found = {};
  for (const subpath of Object.keys(subpaths).filter((path) => path !== "./package.json")) {
    const path = subpath.replace(/^\./, "micropie");
    const required = require(path);
    const imported = await import(path);
    // The drop-in is a function if it is required, as express-session is.
    found[path] = required === (imported["module.exports"] ?? imported) && Object.keys(required).length > 0;
  }
  console.log(JSON.stringify(found));
}
main();
