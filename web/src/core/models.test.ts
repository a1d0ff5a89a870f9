import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { fetchModelFile, fetchModels, parseAnalysis, parseModels } from "./models.ts";

const card = { name: "tiny", classes: ["person", "car"], thresholds: { score: 0.65, low: 0.3 } };
const tiny = {
  name: "tiny",
  about: "small",
  bytes: 5,
  here: true,
  file: "/api/v1/models/tiny/model.onnx?v=1",
  card,
};

test("the list of models is read one by one", () => {
  const [model, ...others] = parseModels({
    models: [tiny, null, 5, { ...tiny, name: "" }, { ...tiny, card: {} }, { ...tiny, bytes: -1 }],
  });
  assert.deepEqual(others, []);
  assert.deepEqual(model, {
    name: "tiny",
    about: "small",
    bytes: 5,
    file: tiny.file,
    card: JSON.stringify(card),
    classes: ["person", "car"],
    threshold: 0.65,
  });
  for (const wrong of [
    { here: false },
    { file: "//elsewhere/model.onnx" },
    { file: "https://elsewhere/model.onnx" },
    { file: 7 },
    { bytes: 2 ** 40 },
  ]) {
    assert.equal(parseModels({ models: [{ ...tiny, ...wrong }] })[0]?.file, "");
  }
  for (const data of [null, "x", {}, { models: "x" }]) assert.deepEqual(parseModels(data), []);
});

test("what a stream asks for", () => {
  const of = (analysis: unknown) => parseAnalysis({ name: "gate", analysis });
  assert.deepEqual(
    of({ where: "client", model: "tiny", fps: 4, classes: ["car"], threshold: 0.7 }),
    { where: "client", model: "tiny", fps: 4, classes: ["car"], threshold: 0.7 },
  );
  const least = { where: "auto", model: "", fps: 5, classes: [], threshold: null };
  assert.deepEqual(of({ where: "auto" }), least);
  assert.deepEqual(of({ where: "auto", model: 5, fps: -1, classes: "x", threshold: 2 }), least);
  for (const analysis of [undefined, null, "x", {}, { where: "off" }]) {
    assert.equal(of(analysis), null);
  }
});

test("models and their files come from the relay, faults as conditions", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/api/v1/models") response.end(JSON.stringify({ models: [tiny] }));
    else if (request.url === tiny.file) response.end("bytes");
    else {
      response.writeHead(404, { "Content-Type": "application/problem+json" });
      response.end(
        JSON.stringify({ code: "model-missing", title: "t", detail: "gone", fix: "pull" }),
      );
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const signal = AbortSignal.timeout(20_000);
  try {
    const list = await fetchModels(base, signal);
    assert.ok("value" in list);
    const [model] = list.value;
    assert.ok(model);
    const file = await fetchModelFile(base, model, signal);
    assert.ok("value" in file);
    assert.equal(new TextDecoder().decode(file.value), "bytes");
    const short = await fetchModelFile(base, { ...model, bytes: 6 }, signal);
    assert.ok("fault" in short);
    assert.match(short.fault.text, /5 bytes, not 6/);
    const none = await fetchModelFile(base, { ...model, file: "/none" }, signal);
    assert.ok("fault" in none);
    assert.equal(none.fault.code, "model-missing");
  } finally {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
  const gone = await fetchModels(base, signal);
  assert.ok("fault" in gone);
});
