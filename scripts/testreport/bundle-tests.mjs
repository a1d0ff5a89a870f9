// Bundles every web/**/*.test.ts for node's test runner:
//
//   node scripts/testreport/bundle-tests.mjs OUTPUT_DIR
//
// Each becomes OUTPUT_DIR/<its path below web>.mjs; npm packages and node's own
// modules stay imports.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

const [outdir] = process.argv.slice(2);
if (outdir === undefined) {
  console.error("usage: bundle-tests.mjs OUTPUT_DIR");
  process.exit(2);
}

const tests = (await readdir("web", { recursive: true }))
  .filter((path) => path.endsWith(".test.ts") && !path.includes("node_modules"))
  .map((path) => join("web", path));

await build({
  entryPoints: tests,
  outbase: "web",
  outdir,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  sourcemap: "inline",
  logLevel: "warning",
});
