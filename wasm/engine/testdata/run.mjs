// Runs engine plans under Dawn for Node, without a browser.
//
// node run.mjs DIR: reads DIR/plans.json, an array of plans (see dawn_test.go for the type) with their
// memory in files of DIR, runs each on one device, for each of its frames once, and writes the outputs,
// rows without padding, to the files it names, then DIR/results.json: {"adapter", "results": [{"error"?,
// "wall_ms", "cpu_ms", "kernels_ms"?}]}. A plan that fails does not stop the others.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create, globals } from "webgpu";

Object.assign(globalThis, globals);
// Referenced for the life of the process: Dawn crashes when it is collected.
globalThis.gpu = create([
  "enable-dawn-features=allow_unsafe_apis",
  "disable-dawn-features=timestamp_quantization",
]);

const dir = process.argv[2];
const plans = JSON.parse(readFileSync(join(dir, "plans.json"), "utf8"));
const adapter = await globalThis.gpu.requestAdapter();
if (!adapter) throw new Error("Dawn found no adapter; is VK_ICD_FILENAMES set to a Vulkan driver?");
const timed = adapter.features.has("timestamp-query");
const device = await adapter.requestDevice({ requiredFeatures: timed ? ["timestamp-query"] : [] });
const U = GPUBufferUsage;
const pipelines = new Map();

const layouts = [
  device.createBindGroupLayout({
    entries: [
      { binding: 0, visibility: 4, buffer: { type: "uniform", hasDynamicOffset: true } },
      { binding: 1, visibility: 4, buffer: { type: "read-only-storage" } },
    ],
  }),
  device.createBindGroupLayout({
    entries: [
      { binding: 0, visibility: 4, buffer: { type: "storage" } },
      { binding: 1, visibility: 4, buffer: { type: "storage" } },
    ],
  }),
];
const layout = device.createPipelineLayout({ bindGroupLayouts: layouts });

async function pipelineOf(kernel) {
  let made = pipelines.get(kernel.code);
  if (!made) {
    const module = device.createShaderModule({ code: kernel.code, label: kernel.name });
    made = device.createComputePipelineAsync({
      label: kernel.name,
      layout,
      compute: { module, entryPoint: kernel.entry },
    });
    pipelines.set(kernel.code, made);
  }
  return made;
}

function buffer(size, usage, content) {
  const b = device.createBuffer({ size: Math.ceil(size / 16) * 16, usage: usage | U.COPY_DST });
  if (content) device.queue.writeBuffer(b, 0, new Uint8Array(content));
  return b;
}

async function readBack(source, offset, size) {
  const staging = device.createBuffer({ size, usage: U.COPY_DST | U.MAP_READ });
  const encoder = device.createCommandEncoder();
  encoder.copyBufferToBuffer(source, offset, staging, 0, size);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const copy = staging.getMappedRange().slice(0);
  staging.destroy();
  return copy;
}

// Half-precision values, by their bits.
function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const floats = new Float32Array(1);
const words = new Uint32Array(floats.buffer);
function toHalf(v) {
  floats[0] = v;
  const sign = (words[0] >>> 16) & 0x8000;
  const a = Math.abs(v);
  if (a >= 65504) return sign | 0x7bff;
  if (a < 2 ** -14) return sign | Math.round(a * 2 ** 24);
  const e = Math.floor(Math.log2(a));
  return sign | (((e + 15) << 10) + Math.round((a / 2 ** e - 1) * 1024));
}

async function run(plan) {
  const made = await Promise.all(plan.kernels.map(pipelineOf));
  const element = plan.half ? 2 : 4;
  const params = buffer(plan.params.size, U.UNIFORM, readFileSync(join(dir, plan.params.file)));
  const constants = buffer(plan.constants.size, U.STORAGE, readFileSync(join(dir, plan.constants.file)));
  const arena = buffer(plan.arena, U.STORAGE | U.COPY_SRC);
  const detections = buffer(plan.detections, U.STORAGE | U.COPY_SRC);
  const groups = [
    device.createBindGroup({
      layout: layouts[0],
      entries: [
        { binding: 0, resource: { buffer: params, size: plan.window } },
        { binding: 1, resource: { buffer: constants } },
      ],
    }),
    device.createBindGroup({
      layout: layouts[1],
      entries: [
        { binding: 0, resource: { buffer: arena } },
        { binding: 1, resource: { buffer: detections } },
      ],
    }),
  ];
  const rows = plan.inputs.map((r) => {
    const content = new Float32Array(new Uint8Array(readFileSync(join(dir, r.file))).buffer);
    const n = r.width ? content.length / r.width : 0;
    const padded = plan.half ? new Uint16Array(n * r.pitch) : new Float32Array(n * r.pitch);
    for (let y = 0; y < n; y++)
      for (let x = 0; x < r.width; x++) {
        const v = content[y * r.width + x];
        padded[y * r.pitch + x] = plan.half ? toHalf(v) : v;
      }
    return padded;
  });
  const fill = () => {
    for (const [i, r] of plan.inputs.entries())
      if (rows[i].byteLength > 0) device.queue.writeBuffer(arena, r.offset, rows[i]);
  };
  const record = (encoder, from, to, writes) => {
    const pass = encoder.beginComputePass(writes);
    pass.setBindGroup(1, groups[1]);
    let last = -1;
    for (const d of plan.dispatches.slice(from, to)) {
      if (d.kernel !== last) pass.setPipeline(made[d.kernel]);
      last = d.kernel;
      pass.setBindGroup(0, groups[0], [d.params]);
      pass.dispatchWorkgroups(d.x, d.y);
    }
    pass.end();
  };
  const wall = [];
  const cpu = [];
  for (let n = 0; n < (plan.repeat || 1); n++) {
    const begin = performance.now();
    const cpuBegin = process.cpuUsage();
    fill();
    const encoder = device.createCommandEncoder();
    record(encoder, 0, plan.dispatches.length);
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    wall.push(performance.now() - begin);
    const used = process.cpuUsage(cpuBegin);
    cpu.push((used.user + used.system) / 1e3);
  }
  for (const r of plan.outputs) {
    const n = r.width ? r.size / element / r.pitch : 0;
    const out = new Float32Array(n * r.width);
    if (n > 0) {
      const bytes = await readBack(arena, r.offset, Math.ceil(r.size / 4) * 4);
      const padded = plan.half ? new Uint16Array(bytes) : new Float32Array(bytes);
      for (let y = 0; y < n; y++)
        for (let x = 0; x < r.width; x++) {
          const v = padded[y * r.pitch + x];
          out[y * r.width + x] = plan.half ? half(v) : v;
        }
    }
    writeFileSync(join(dir, r.file), new Uint8Array(out.buffer));
  }
  writeFileSync(join(dir, plan.results), new Uint8Array(await readBack(detections, 0, Math.ceil(plan.result / 4) * 4)));
  let kernels;
  if (plan.profile && timed) {
    const count = plan.dispatches.length;
    const querySet = device.createQuerySet({ type: "timestamp", count: 2 * count });
    const resolved = buffer(16 * count, U.QUERY_RESOLVE | U.COPY_SRC);
    kernels = new Array(count).fill(Number.POSITIVE_INFINITY);
    for (let n = 0; n < plan.profile; n++) {
      fill();
      const encoder = device.createCommandEncoder();
      for (let i = 0; i < count; i++) {
        record(encoder, i, i + 1, {
          timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
        });
      }
      encoder.resolveQuerySet(querySet, 0, 2 * count, resolved, 0);
      device.queue.submit([encoder.finish()]);
      const times = new BigInt64Array(await readBack(resolved, 0, 16 * count));
      for (let i = 0; i < count; i++) {
        const took = Number(times[2 * i + 1] - times[2 * i]) / 1e6;
        if (took < kernels[i]) kernels[i] = took;
      }
    }
  }
  for (const b of [params, constants, arena, detections]) b.destroy();
  return { wall_ms: wall, cpu_ms: cpu, kernels_ms: kernels };
}

const results = [];
for (const plan of plans) {
  device.pushErrorScope("validation");
  let result;
  try {
    result = await run(plan);
  } catch (error) {
    result = { error: String(error?.message ?? error) };
  }
  const error = await device.popErrorScope();
  if (error) result.error = [result.error, error.message].filter(Boolean).join("\n");
  results.push(result);
}
const summary = { adapter: adapter.info.description || adapter.info.device, timed, results };
writeFileSync(join(dir, "results.json"), JSON.stringify(summary));
process.exit(0);
