// Builds the web client into web/dist:
//
//   web/pages/*.html      pages; /assets/grid.js and /assets/grid.css in a page are built from
//                         web/src/dashboard/grid.ts, other assets are taken from web/pages
//   web/src/element       assets/sightline-player.js, the element for other people's pages
//   web/src/worker        the worker with Go's wasm_exec.js
//   wasm                  the Go program
//
// Files under assets carry a hash of their content in the name (but for
// sightline-player.js), and each file has its compressed twins .br and .gz beside
// it. manifest.json maps sources to files. What has not changed is not built again.
//
//   node web/build.mjs [--fast]     --fast leaves compression out

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build } from "esbuild";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const web = path.join(root, "web");
const dist = path.join(web, "dist");
const cache = path.join(root, ".cache", "web");
const fast = process.argv.includes("--fast");
/** The Go program's brotli size that must not be exceeded. */
const wasmBudget = 1_000_000;

const hashOf = (data) => createHash("sha256").update(data).digest("hex");
const exists = (file) =>
  stat(file).then(
    () => true,
    () => false,
  );
const go = (...args) =>
  execFileSync("go", args, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 24,
    env: { ...process.env, GOOS: "js", GOARCH: "wasm" },
  }).trim();

/** Writes a file whole or not at all. */
async function write(file, data) {
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}.tmp`;
  await writeFile(temporary, data);
  await rename(temporary, file);
}

/** Returns what is cached under a key, or makes it. */
async function cached(key, make) {
  const file = path.join(cache, key);
  if (await exists(file)) return readFile(file);
  const data = await make();
  await write(file, data);
  return data;
}

/** Hash of everything the Go program is made from. */
async function wasmInputs() {
  const hash = createHash("sha256").update(go("env", "GOVERSION"));
  const format =
    "{{if not .Standard}}{{.Dir}}{{range .GoFiles}}\t{{.}}{{end}}{{range .EmbedFiles}}\t{{.}}{{end}}{{end}}";
  const files = go("list", "-deps", "-f", format, "./wasm")
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line) => {
      const [directory, ...names] = line.split("\t");
      return names.map((name) => path.join(directory, name));
    });
  for (const file of files.sort()) {
    hash.update(`${path.relative(root, file)}\0`).update(await readFile(file));
  }
  return hash.digest("hex");
}

async function buildWasm() {
  return cached(`client-${await wasmInputs()}.wasm`, async () => {
    console.log("web: compiling the Go program");
    const file = path.join(cache, `client-${process.pid}.tmp.wasm`);
    await mkdir(cache, { recursive: true });
    go("build", "-trimpath", "-ldflags=-s -w", "-o", file, "./wasm");
    const data = await readFile(file);
    await rm(file);
    return data;
  });
}

const common = {
  absWorkingDir: root,
  bundle: true,
  write: false,
  minify: true,
  target: ["chrome123", "firefox120", "safari17"],
  logLevel: "warning",
  legalComments: "none",
  loader: { ".svg": "file", ".png": "file", ".woff2": "file" },
};

/** The worker, one classic script. */
async function buildWorker(wasmName) {
  const result = await build({
    ...common,
    entryPoints: [path.join(web, "src/worker/worker.ts")],
    format: "iife",
    outdir: dist,
    alias: { wasm_exec: path.join(go("env", "GOROOT"), "lib/wasm/wasm_exec.js") },
    define: { CLIENT_WASM: JSON.stringify(wasmName) },
  });
  return result.outputFiles[0].contents;
}

/**
 * The built files that a page names, with their sources. /assets/grid.js and /assets/grid.css come
 * from web/src/dashboard/grid.ts (and the style sheets that it imports), all else from web/pages.
 */
function references(html) {
  const found = new Map();
  for (const [, name, base, extension] of html.matchAll(
    /\b(?:src|href)="(\/assets\/([\w-]+)\.(\w+))"/g,
  )) {
    const isModule = extension === "js" || extension === "css";
    const source = isModule ? `src/dashboard/${base}.ts` : `pages/${base}.${extension}`;
    found.set(name, { source: path.join(web, source), extension, isModule });
  }
  return found;
}

/** Builds all scripts and style sheets of the pages, and the element. */
async function buildModules(entries, workerName) {
  const element = path.join(web, "src/element/sightline-player.ts");
  const result = await build({
    ...common,
    entryPoints: [...new Set([...entries, element])],
    format: "esm",
    splitting: true,
    metafile: true,
    outdir: path.join(dist, "assets"),
    outbase: web,
    entryNames: "[name]-[hash]",
    chunkNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    define: { WORKER_SCRIPT: JSON.stringify(workerName) },
  });
  const files = new Map(result.outputFiles.map((f) => [path.basename(f.path), f.contents]));
  const outputs = new Map();
  for (const [file, output] of Object.entries(result.metafile.outputs)) {
    if (!output.entryPoint) continue;
    outputs.set(path.resolve(root, output.entryPoint), {
      file: path.basename(file),
      css: output.cssBundle ? path.basename(output.cssBundle) : null,
      imports: output.imports
        .filter((i) => i.kind === "import-statement")
        .map((i) => path.basename(i.path)),
    });
  }
  return { files, outputs, element: outputs.get(element).file };
}

/** Puts the built files' names into a page, and preloads what its scripts import. */
function rewrite(html, outputs, copies) {
  let text = html;
  const preloads = new Set();
  for (const [name, { source, extension, isModule }] of references(html)) {
    const output = outputs.get(source);
    const file = isModule ? (extension === "css" ? output.css : output.file) : copies.get(source);
    if (!file) throw new Error(`web/pages: nothing builds ${name}`);
    text = text.replaceAll(`"${name}"`, `"/assets/${file}"`);
    for (const i of extension === "js" ? output.imports : []) preloads.add(i);
  }
  const links = [...preloads].map((i) => `    <link rel="modulepreload" href="/assets/${i}" />\n`);
  return text.replace("  </head>", `${links.join("")}  </head>`);
}

async function compress(name, data) {
  const key = hashOf(data);
  const level = constants.BROTLI_MAX_QUALITY;
  const br = await cached(`${key}.br`, () => {
    if (data.length > 1 << 20) console.log(`web: compressing ${name}`);
    return promisify(brotliCompress)(data, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: level,
        [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
        [constants.BROTLI_PARAM_SIZE_HINT]: data.length,
      },
    });
  });
  const gz = await cached(`${key}.gz`, () => promisify(gzip)(data, { level: 9 }));
  return { br, gz };
}

async function main() {
  const wasm = await buildWasm();
  const wasmName = `client-${hashOf(wasm).slice(0, 10)}.wasm`;
  const worker = await buildWorker(wasmName);
  const workerName = `worker-${hashOf(worker).slice(0, 10)}.js`;

  const pagesFolder = path.join(web, "pages");
  const pageFiles = (await exists(pagesFolder)) ? (await readdir(pagesFolder)).sort() : [];
  const pages = new Map();
  const entries = [];
  /** Files that are copied as they are, by source: their names under assets. */
  const copies = new Map();
  const files = new Map();
  for (const file of pageFiles.filter((f) => f.endsWith(".html"))) {
    const page = path.join(pagesFolder, file);
    const html = await readFile(page, "utf8");
    pages.set(file, html);
    for (const [name, { source, isModule }] of references(html)) {
      if (!(await exists(source))) throw new Error(`web/pages/${file}: ${name} has no source`);
      if (isModule) {
        entries.push(source);
        continue;
      }
      const data = await readFile(source);
      const { name: base, ext } = path.parse(source);
      copies.set(source, `${base}-${hashOf(data).slice(0, 10)}${ext}`);
      files.set(`assets/${copies.get(source)}`, data);
    }
  }
  const modules = await buildModules(entries, workerName);

  for (const [file, html] of pages) {
    files.set(file, Buffer.from(rewrite(html, modules.outputs, copies)));
  }
  for (const [file, data] of modules.files) files.set(`assets/${file}`, data);
  files.set("assets/sightline-player.js", Buffer.from(`export * from "./${modules.element}";\n`));
  files.set(`assets/${workerName}`, worker);
  files.set(`assets/${wasmName}`, wasm);

  const sizes = {};
  for (const [file, data] of [...files]) {
    if (fast || !/\.(html|js|css|wasm|svg|json)$/.test(file)) continue;
    const { br, gz } = await compress(file, data);
    files.set(`${file}.br`, br);
    files.set(`${file}.gz`, gz);
    sizes[file] = { bytes: data.length, brotli: br.length, gzip: gz.length };
  }
  if (sizes[`assets/${wasmName}`]?.brotli > wasmBudget) {
    throw new Error(
      `the Go program takes ${sizes[`assets/${wasmName}`].brotli} bytes by brotli; ${wasmBudget} are allowed`,
    );
  }
  const manifest = {
    worker: `assets/${workerName}`,
    wasm: `assets/${wasmName}`,
    element: "assets/sightline-player.js",
    sizes,
  };
  files.set("manifest.json", Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));

  for (const [file, data] of files) {
    const target = path.join(dist, file);
    const same = (await exists(target)) && hashOf(await readFile(target)) === hashOf(data);
    if (!same) await write(target, data);
  }
  await removeOthers(new Set([...files.keys(), ".placeholder"]));
  await trimCache();
  for (const [file, size] of Object.entries(sizes)) {
    console.log(`web: ${file} ${size.bytes} bytes, brotli ${size.brotli}`);
  }
}

/** Removes what earlier builds left. */
async function removeOthers(keep) {
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.relative(dist, path.join(entry.parentPath, entry.name));
    if (!keep.has(file.split(path.sep).join("/"))) await rm(path.join(dist, file));
  }
}

/** Keeps the cache from growing without bound. */
async function trimCache() {
  const files = await readdir(cache);
  const aged = await Promise.all(
    files.map(async (f) => ({
      file: path.join(cache, f),
      at: (await stat(path.join(cache, f))).mtimeMs,
    })),
  );
  aged.sort((a, b) => b.at - a.at);
  for (const { file } of aged.slice(200)) await rm(file);
}

await main();
