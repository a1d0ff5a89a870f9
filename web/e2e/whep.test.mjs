// The player against a WHEP endpoint: a second page plays the relay, so that each fault can be made
// at will. Tests with the real relay are in other files.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, startBrowser } from "./browser.mjs";
import { startSite } from "./site.mjs";

let browser;
let site;

before(async () => {
  site = await startSite();
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

/** Code of the sending page: answers offers with a moving picture. */
function sender() {
  globalThis.sessions = [];
  const canvas = document.createElement("canvas");
  canvas.width = 320;
  canvas.height = 240;
  document.body.append(canvas);
  const context = canvas.getContext("2d");
  let n = 0;
  setInterval(() => {
    n += 1;
    context.fillStyle = `hsl(${(n * 5) % 360} 80% 50%)`;
    context.fillRect(0, 0, 320, 240);
  }, 100);
  const stream = canvas.captureStream(10);
  globalThis.answer = async (offer) => {
    const connection = new RTCPeerConnection();
    sessions.push(connection);
    connection.addTrack(stream.getVideoTracks()[0], stream);
    await connection.setRemoteDescription({ type: "offer", sdp: offer });
    await connection.setLocalDescription();
    while (connection.iceGatheringState !== "complete") {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return connection.localDescription.sdp;
  };
}

const streamInfo = {
  name: "gate",
  state: "live",
  conditions: [],
  latest: { rtp: 1, received: "2026-01-02T15:04:05.150Z", captured: "2026-01-02T15:04:05.100Z" },
};

/** Runs a test with a page and a relay whose answers `relay` holds and the test may change. */
async function withRelay(run) {
  const far = await openPage(browser);
  const near = await openPage(browser);
  const { page } = near;
  page.setDefaultTimeout(60_000);
  try {
    await far.page.goto(site.url);
    await far.page.evaluate(sender);
    const relay = {
      offers: 0,
      deleted: [],
      answer: async (offer) => ({
        status: 201,
        headers: { Location: `/whep/gate/session-${relay.offers}` },
        contentType: "application/sdp",
        body: await far.page.evaluate((sdp) => answer(sdp), offer),
      }),
      info: { status: 200, json: streamInfo },
      /** Ends what the far page sends. */
      drop: () =>
        far.page.evaluate(() => {
          for (const session of sessions.splice(0)) session.close();
        }),
    };
    await page.route("**/whep/**", async (route) => {
      const request = route.request();
      if (request.method() === "DELETE") {
        relay.deleted.push(new URL(request.url()).pathname);
        return route.fulfill({ status: 200 });
      }
      relay.offers += 1;
      relay.contentType = await request.headerValue("content-type");
      const answer = await relay.answer(request.postData());
      return answer === null ? route.abort("connectionrefused") : route.fulfill(answer);
    });
    await page.route("**/api/v1/streams/*", (route) =>
      relay.info === null ? route.abort("connectionrefused") : route.fulfill(relay.info),
    );
    await page.goto(site.url);
    await page.waitForFunction(() => customElements.get("sightline-player"));
    await page.evaluate(() => {
      globalThis.element = document.createElement("sightline-player");
      element.style.width = "320px";
      element.setAttribute("overlay", "key");
      globalThis.until = async (holds, ms = 30_000) => {
        const end = performance.now() + ms;
        while (!(element.snapshot && holds(element.snapshot))) {
          if (performance.now() > end) {
            throw new Error(`not within ${ms} ms: ${JSON.stringify(element.snapshot)}`);
          }
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        return element.snapshot;
      };
      globalThis.play = (stream) => {
        element.setAttribute("stream", stream);
        document.body.append(element);
      };
    });
    await run(page, relay);
  } catch (error) {
    throw new Error(`${error.message}\nconsole:\n${near.log.join("\n")}`, { cause: error });
  } finally {
    await near.close();
    await far.close();
  }
}

test("a stream plays, tells its numbers and ends its session", () =>
  withRelay(async (page, relay) => {
    const state = await page.evaluate(async () => {
      play("gate");
      // A rate takes two looks at the statistics.
      return until(
        (s) => s.frames > 15 && s.latency.decode !== null && s.rtp !== null && s.bitsPerSecond > 0,
      );
    });
    assert.equal(relay.contentType, "application/sdp");
    assert.equal(state.phase, "playing");
    assert.equal(state.rung, "processor");
    assert.equal(state.keySource, "frame-metadata");
    assert.equal(state.width, 320);
    assert.equal(state.latency.camera, 50);
    assert.ok(state.latency.total > 50);
    assert.notEqual(state.codec, "");
    assert.ok(state.bitsPerSecond > 0);
    assert.ok(
      state.candidates.some((c) => c.includes("->")),
      state.candidates.join(),
    );
    await page.evaluate(() => element.remove());
    await page.waitForFunction(() => element.snapshot.phase === "stopped");
    assert.deepEqual(relay.deleted, ["/whep/gate/session-1"]);
  }));

test("leaving the page ends the session", () =>
  withRelay(async (page) => {
    await page.evaluate(async () => {
      play("gate");
      await until((s) => s.frames > 0);
    });
    // A page that is gone cannot be asked to route its last request: the site itself gets it.
    await page.unrouteAll({ behavior: "ignoreErrors" });
    await page.goto("about:blank");
    const wanted = "DELETE /whep/gate/session-1";
    for (let i = 0; i < 100 && !site.requests.includes(wanted); i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(site.requests.includes(wanted), site.requests.join(", "));
  }));

test("a session that breaks is opened anew, without a reload", () =>
  withRelay(async (page, relay) => {
    await page.evaluate(async () => {
      play("gate");
      await until((s) => s.frames > 3);
    });
    await relay.drop();
    const before = await page.evaluate(() => element.snapshot.frames);
    await page.evaluate(
      (n) => until((s) => s.phase === "playing" && s.frames > n + 20, 60_000),
      before,
    );
    assert.ok(relay.offers >= 2);
    assert.ok(relay.deleted.includes("/whep/gate/session-1"));
  }));

test("a refusal is shown as its condition", () =>
  withRelay(async (page, relay) => {
    const refusal = (status, code, title) => async () => ({
      status,
      contentType: "application/problem+json",
      body: JSON.stringify({
        type: `/docs/conditions#${code}`,
        title,
        status,
        detail: "why",
        code,
        fix: "do this",
      }),
    });
    relay.answer = refusal(404, "stream-unknown", "No such stream");
    relay.info = {
      status: 404,
      contentType: "application/problem+json",
      body: (await relay.answer()).body,
    };
    const state = await page.evaluate(async () => {
      play("nowhere");
      return until((s) => s.phase === "failed" && s.conditions.length > 0);
    });
    assert.deepEqual(state.conditions, [
      {
        code: "stream-unknown",
        severity: "error",
        title: "No such stream",
        text: "why",
        fix: "do this",
      },
    ]);
  }));

test("a camera's fault comes from the relay's API while no picture comes", () =>
  withRelay(async (page, relay) => {
    const unauthorized = {
      code: "source-unauthorized",
      severity: "error",
      title: "The camera refuses the user name or password",
      text: "401 after Digest",
      fix: "Set user",
      since: "2026-01-02T15:04:05Z",
    };
    relay.info = {
      status: 200,
      json: { ...streamInfo, state: "failed", conditions: [unauthorized] },
    };
    relay.answer = async () => ({
      status: 503,
      contentType: "application/problem+json",
      body: "{}",
    });
    const state = await page.evaluate(async () => {
      play("gate");
      return until((s) => s.conditions.some((c) => c.code === "source-unauthorized"));
    });
    assert.equal(state.phase, "failed");
    assert.ok(state.conditions.some((c) => c.since === unauthorized.since));
  }));

test("without a relay the page says so, and plays once it is there", () =>
  withRelay(async (page, relay) => {
    const { answer } = relay;
    relay.answer = async () => null;
    relay.info = null;
    await page.evaluate(async () => {
      play("gate");
      await until((s) => s.conditions.some((c) => c.code === "relay-unreachable"));
    });
    relay.answer = answer;
    relay.info = { status: 200, json: streamInfo };
    const state = await page.evaluate(() => until((s) => s.phase === "playing"));
    assert.deepEqual(state.conditions, []);
  }));

test("without a network path the page names candidates and port", () =>
  withRelay(async (page, relay) => {
    const { answer } = relay;
    relay.answer = async (offer) => {
      // Without our candidates the far side cannot find a path of its own.
      const good = await answer(offer.replaceAll(/^a=candidate:.*\r\n/gm, ""));
      // The documentation network (RFC 5737) answers nobody.
      const lines = good.body.split("\r\n").filter((l) => !l.startsWith("a=candidate"));
      const at = lines.findIndex((l) => l.startsWith("a=ice-ufrag"));
      lines.splice(
        at,
        0,
        "a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host",
        "a=candidate:2 1 tcp 1671430143 192.0.2.1 8189 typ host tcptype passive",
      );
      return { ...good, body: lines.join("\r\n") };
    };
    const state = await page.evaluate(async () => {
      play("gate");
      return until((s) => s.conditions.some((c) => c.code === "viewer-not-connected"));
    });
    const found = state.conditions.find((c) => c.code === "viewer-not-connected");
    assert.match(found.text, /udp 192\.0\.2\.1:8189/);
    assert.match(found.text, /Tried: /);
    assert.match(found.fix, /port 8189 \(UDP and TCP\)/);
    assert.equal(state.phase, "connecting");
  }));
