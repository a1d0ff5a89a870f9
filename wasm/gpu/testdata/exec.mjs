// Runs a Go test program of GOOS=js under Node with Dawn as its WebGPU:
// GOOS=js GOARCH=wasm go test -exec "node $PWD/wasm/gpu/testdata/exec.mjs" ./wasm/gpu
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { create, globals } from "webgpu";

const require = createRequire(import.meta.url);
Object.assign(globalThis, globals);
// Referenced for the life of the process: Dawn crashes when it is collected.
globalThis.dawn = create(["enable-dawn-features=allow_unsafe_apis"]);
// Node's own navigator has no gpu.
Object.defineProperty(globalThis, "navigator", { value: { gpu: globalThis.dawn } });
globalThis.fs = require("node:fs");
globalThis.path = require("node:path");
globalThis.TextEncoder = require("node:util").TextEncoder;
globalThis.TextDecoder = require("node:util").TextDecoder;
globalThis.performance ??= require("node:perf_hooks").performance;

const root = execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();
require(join(root, "lib", "wasm", "wasm_exec.js"));
const go = new globalThis.Go();
go.argv = process.argv.slice(2);
go.env = Object.assign({ TMPDIR: require("node:os").tmpdir() }, process.env);
go.exit = process.exit;
const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]), go.importObject);
await go.run(instance);
