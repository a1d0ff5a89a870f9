// Runs composed shaders under Dawn for Node, without a browser.
//
// node run.mjs DIR: reads DIR/jobs.json, an array of jobs (see gpu_test.go for the type), runs each
// on one device and writes the outputs to DIR/<file>, then DIR/results.json: {"adapter", "timed",
// "results": [{"error"?, "gpu_ms"?, "cpu_ms"?}]}, one result for each job; cpu_ms is the process's CPU time for each repeat.
// A job that fails does not stop the others. A job with "frames" runs so many times on the same resources:
// before each run the next part of each of its "inputs" is written to the resource of that name, and its
// outputs hold the resources after each run, one after the other.
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
const jobs = JSON.parse(readFileSync(join(dir, "jobs.json"), "utf8"));
const adapter = await globalThis.gpu.requestAdapter();
if (!adapter) throw new Error("Dawn found no adapter; is VK_ICD_FILENAMES set to a Vulkan driver?");
const timed = adapter.features.has("timestamp-query");
const device = await adapter.requestDevice({ requiredFeatures: timed ? ["timestamp-query"] : [] });

function layoutEntry(b) {
  const entry = { binding: b.index, visibility: b.visibility };
  switch (b.kind) {
    case "uniform":
    case "read-only-storage":
    case "storage":
      return { ...entry, buffer: { type: b.kind } };
    case "texture":
      return { ...entry, texture: { sampleType: b.sampleType, viewDimension: b.viewDimension } };
    case "storage-texture":
      return {
        ...entry,
        storageTexture: { format: b.format, access: b.access, viewDimension: b.viewDimension },
      };
    case "external-texture":
      return { ...entry, externalTexture: {} };
    case "filtering":
    case "comparison":
      return { ...entry, sampler: { type: b.kind } };
  }
  throw new Error(`binding kind ${b.kind}`);
}

const bytesPerTexel = { rgba8unorm: 4, r8unorm: 1 };

function makeResource(r) {
  if (r.type === "sampler") {
    return { binding: device.createSampler({ magFilter: "linear", minFilter: "linear" }) };
  }
  const content = r.input ? readFileSync(join(dir, r.input)) : undefined;
  if (r.type === "buffer") {
    const size = Math.ceil((content ? content.length : r.size) / 4) * 4;
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffer = device.createBuffer({
      size,
      usage: usage | (r.uniform ? GPUBufferUsage.UNIFORM : GPUBufferUsage.STORAGE),
    });
    if (content) {
      const padded = new Uint8Array(size);
      padded.set(content);
      device.queue.writeBuffer(buffer, 0, padded);
    }
    return { buffer, size, binding: { buffer } };
  }
  const texture = device.createTexture({
    size: [r.width, r.height],
    format: r.format,
    usage:
      GPUTextureUsage.TEXTURE_BINDING |
      GPUTextureUsage.COPY_DST |
      GPUTextureUsage.COPY_SRC |
      (r.format === "rgba8unorm"
        ? GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.RENDER_ATTACHMENT
        : 0),
  });
  if (content) {
    const layout = { bytesPerRow: r.width * bytesPerTexel[r.format] };
    device.queue.writeTexture({ texture }, new Uint8Array(content), layout, [r.width, r.height]);
  }
  return {
    texture,
    width: r.width,
    height: r.height,
    format: r.format,
    binding: texture.createView(),
  };
}

// writeFrame writes one frame's part of a file to the start of a buffer or to a texture.
function writeFrame(resource, content, frame, frames) {
  const size = content.length / frames;
  const part = new Uint8Array(content.subarray(frame * size, (frame + 1) * size));
  if (resource.buffer) device.queue.writeBuffer(resource.buffer, 0, part);
  else {
    const layout = { bytesPerRow: resource.width * bytesPerTexel[resource.format] };
    const size = [resource.width, resource.height];
    device.queue.writeTexture({ texture: resource.texture }, part, layout, size);
  }
}

async function readBack(resource) {
  const row = resource.buffer ? resource.size : resource.width * bytesPerTexel[resource.format];
  const rows = resource.buffer ? 1 : resource.height;
  const stride = resource.buffer ? row : Math.ceil(row / 256) * 256;
  const staging = device.createBuffer({
    size: stride * rows,
    usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
  });
  const encoder = device.createCommandEncoder();
  if (resource.buffer) encoder.copyBufferToBuffer(resource.buffer, 0, staging, 0, row);
  else {
    encoder.copyTextureToBuffer(
      { texture: resource.texture },
      { buffer: staging, bytesPerRow: stride },
      [resource.width, resource.height],
    );
  }
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  const mapped = new Uint8Array(staging.getMappedRange());
  const out = new Uint8Array(row * rows);
  for (let y = 0; y < rows; y++) out.set(mapped.subarray(y * stride, y * stride + row), y * row);
  staging.destroy();
  return out;
}

const pipelines = new Map();

// A pipeline is made once for each permutation.
function pipelineOf(step) {
  const key = JSON.stringify([step.code, step.bindings, step.blend]);
  if (!pipelines.has(key)) pipelines.set(key, makePipeline(step));
  return pipelines.get(key);
}

function makePipeline(step) {
  const module = device.createShaderModule({ code: step.code, label: step.name });
  const groups = [];
  for (const b of step.bindings) {
    groups[b.group] ??= [];
    groups[b.group].push(b);
  }
  const bindGroupLayouts = Array.from(groups, (g) =>
    device.createBindGroupLayout({ entries: (g ?? []).map(layoutEntry) }),
  );
  const layout = device.createPipelineLayout({ bindGroupLayouts });
  if (step.compute) {
    const pipeline = device.createComputePipeline({
      layout,
      compute: { module, entryPoint: step.compute },
    });
    return { pipeline, groups, bindGroupLayouts, module };
  }
  const over = { srcFactor: "one", dstFactor: "one-minus-src-alpha" };
  const pipeline = device.createRenderPipeline({
    layout,
    vertex: { module, entryPoint: step.vertex },
    fragment: {
      module,
      entryPoint: step.fragment,
      targets: [
        { format: "rgba8unorm", ...(step.blend ? { blend: { color: over, alpha: over } } : {}) },
      ],
    },
    primitive: { topology: "triangle-strip" },
  });
  return { pipeline, groups, bindGroupLayouts, module };
}

async function run(job) {
  const resources = Object.fromEntries(
    Object.entries(job.resources ?? {}).map(([k, r]) => [k, makeResource(r)]),
  );
  const steps = [];
  for (const step of job.steps) {
    const made = pipelineOf(step);
    const errors = (await made.module.getCompilationInfo()).messages.filter(
      (m) => m.type === "error",
    );
    if (errors.length > 0)
      throw new Error(errors.map((m) => `${m.lineNum}: ${m.message}`).join("\n"));
    if (job.compileOnly) continue;
    const bindGroups = made.groups.map((g, i) =>
      device.createBindGroup({
        layout: made.bindGroupLayouts[i],
        entries: g.map((b) => {
          const resource = resources[step.resources?.[b.name] ?? b.name];
          if (!resource) throw new Error(`no resource for ${b.name}`);
          return { binding: b.index, resource: resource.binding };
        }),
      }),
    );
    steps.push({ ...step, ...made, bindGroups });
  }
  if (job.compileOnly) return {};

  const times = [];
  const cpuTimes = [];
  const querySet =
    timed && job.repeat ? device.createQuerySet({ type: "timestamp", count: 2 }) : undefined;
  const inputs = Object.entries(job.inputs ?? {}).map(([name, file]) => [
    resources[name],
    readFileSync(join(dir, file)),
  ]);
  const parts = Object.fromEntries(Object.keys(job.outputs ?? {}).map((name) => [name, []]));
  for (let n = 0; n < (job.repeat ?? job.frames ?? 1); n++) {
    for (const [resource, content] of inputs) writeFrame(resource, content, n, job.frames);
    const encoder = device.createCommandEncoder();
    const timestampWrites = querySet && {
      querySet,
      beginningOfPassWriteIndex: 0,
      endOfPassWriteIndex: 1,
    };
    const begin = performance.now();
    const cpuBegin = process.cpuUsage();
    const pass = job.target
      ? encoder.beginRenderPass({
          colorAttachments: [
            {
              view: resources[job.target].binding,
              loadOp: "clear",
              clearValue: [0, 0, 0, 1],
              storeOp: "store",
            },
          ],
          timestampWrites,
        })
      : encoder.beginComputePass({ timestampWrites });
    for (const step of steps) {
      pass.setPipeline(step.pipeline);
      step.bindGroups.forEach((g, i) => {
        pass.setBindGroup(i, g);
      });
      if (job.target) pass.draw(step.vertices, step.instances);
      else pass.dispatchWorkgroups(step.workgroups[0], step.workgroups[1]);
    }
    pass.end();
    let staging;
    if (querySet) {
      const resolved = device.createBuffer({
        size: 16,
        usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      });
      staging = device.createBuffer({
        size: 16,
        usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
      });
      encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, staging, 0, 16);
    }
    device.queue.submit([encoder.finish()]);
    if (staging) {
      await staging.mapAsync(GPUMapMode.READ);
      const [from, to] = new BigInt64Array(staging.getMappedRange());
      times.push(Number(to - from) / 1e6);
      staging.destroy();
    } else if (job.repeat) {
      await device.queue.onSubmittedWorkDone();
      times.push(performance.now() - begin);
    }
    if (job.repeat) {
      const { user, system } = process.cpuUsage(cpuBegin);
      cpuTimes.push((user + system) / 1e3);
    }
    if (job.frames) {
      for (const name in parts) parts[name].push(await readBack(resources[name]));
    }
  }
  for (const [name, file] of Object.entries(job.outputs ?? {})) {
    const content = job.frames ? Buffer.concat(parts[name]) : await readBack(resources[name]);
    writeFileSync(join(dir, file), content);
  }
  for (const r of Object.values(resources)) (r.buffer ?? r.texture)?.destroy();
  return { gpu_ms: times, cpu_ms: cpuTimes };
}

const results = [];
for (const job of jobs) {
  device.pushErrorScope("validation");
  let result;
  try {
    result = await run(job);
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
