// The pages in a real browser against a mock of the relay's API, in all their
// states. What the player itself shows is tested elsewhere.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { open, patience, tile } from "./pages/open.mjs";
import {
  failed,
  loss,
  notConnected,
  playing,
  site,
  stream,
  unauthorized,
  unreachable,
} from "./pages/scenes.mjs";

/** Waits until `read` gives `want` in the page. */
async function becomes(page, read, want, arg) {
  await page.waitForFunction(
    ([body, expected, a]) =>
      JSON.stringify(new Function("arg", `return (${body})(arg)`)(a)) === expected,
    [String(read), JSON.stringify(want), arg],
    { timeout: patience },
  );
}

const focused = (page) => page.evaluate(() => document.activeElement?.textContent);

describe("all streams", () => {
  test("each tile says its state, and what is wrong and how to mend it", () =>
    open(site(), "/", async (page) => {
      await page.locator(`${tile("gate")}[data-picture]`).waitFor();
      assert.equal(await page.locator(".tile").count(), 9);
      assert.equal(await page.locator(`${tile("gate")} .badge`).textContent(), "Live");
      assert.equal(await page.locator(`${tile("yard")} .badge`).textContent(), "Failed");
      const notice = await page.locator(`${tile("yard")} .notice`).textContent();
      for (const part of [unauthorized.title, unauthorized.text, unauthorized.fix]) {
        assert.ok(notice.includes(part), part);
      }
      assert.match(
        await page.locator(`${tile("yard")} .tile-facts`).textContent(),
        /^next try in /,
      );
      assert.ok(await page.locator(`${tile("parking-2")}[data-frozen]`).isVisible());
      assert.equal(await page.locator("#summary").textContent(), "9 streams, 5 live");
      assert.equal(await page.locator("#problems").textContent(), "3 need attention");
      await page.locator("#problems").click();
      assert.equal(await page.locator(".tile:visible").count(), 3);
    }));

  test("only tiles near the screen have players, and tiles keep theirs when states change", () => {
    const scene = site();
    scene.streams = Array.from({ length: 60 }, (_, i) => stream(`cam-${i + 1}`));
    scene.players = Object.fromEntries(scene.streams.map((s) => [s.name, playing]));
    return open(scene, "/", async (page) => {
      await page.locator(`${tile("cam-1")}[data-picture]`).waitFor();
      const players = await page.locator("sightline-player").count();
      assert.ok(players > 0 && players < 40, `${players} players for 60 streams`);
      await page.evaluate(() => {
        document.querySelector("sightline-player").marked = true;
      });
      scene.streams[0] = failed("cam-1", unreachable);
      await page.locator(`${tile("cam-1")} .badge[data-tone="bad"]`).waitFor();
      assert.ok(await page.evaluate(() => document.querySelector("sightline-player").marked));
      await page.locator(tile("cam-60")).scrollIntoViewIfNeeded();
      await page.locator(`${tile("cam-60")} sightline-player`).waitFor();
      await page.locator(`${tile("cam-1")} sightline-player`).waitFor({ state: "detached" });
    });
  });

  test("without streams it says how to add one", () =>
    open({ ...site(), streams: [] }, "/", async (page) => {
      await page.getByText("No streams yet").waitFor();
      assert.match(await page.locator("#empty").textContent(), /streams:\s+gate:\s+source:/);
      assert.equal(await page.locator(".tile").count(), 0);
    }));

  test("a silent relay is told once, and the page goes on when it is back", () => {
    const scene = site();
    return open(scene, "/", async (page) => {
      await page.locator(tile("gate")).waitFor();
      scene.broken = true;
      await page.getByText("The relay does not answer").waitFor();
      await page.getByText(/Next try in|Trying again now/).waitFor();
      assert.equal(await page.locator(".banners .notice").count(), 1);
      assert.equal(await page.locator(".tile").count(), 9, "what was known stays");
      scene.broken = false;
      scene.streams.push(stream("new"));
      await page.locator(tile("new")).waitFor();
      assert.equal(await page.locator(".banners .notice").count(), 0);
    });
  });

  test("an answer of another form is refused with its field", () =>
    open(
      { ...site(), answer: { streams: [stream("gate", { state: "up" })] } },
      "/",
      async (page) => {
        const text = await page.locator('[data-code="relay-malformed"]').textContent();
        assert.ok(text.includes('streams[0].state is "up"; it must be one of idle'), text);
      },
    ));

  test("streams come and go", () => {
    const scene = site();
    return open(scene, "/", async (page) => {
      await page.locator(tile("gate")).waitFor();
      scene.streams = scene.streams.filter((s) => s.name !== "gate");
      scene.streams.push(stream("annex"));
      await page.locator(tile("annex")).waitFor();
      assert.equal(await page.locator(tile("gate")).count(), 0);
      assert.equal(await page.locator(".tile").first().getAttribute("data-stream"), "annex");
    });
  });

  test("the relay's text is shown as text", () => {
    const scene = site();
    const evil = '<img src=x onerror="document.title=1"><b>bold</b>';
    scene.streams = [failed("gate", { ...unreachable, title: evil, text: evil, fix: evil })];
    scene.relay = { ...scene.relay, conditions: [{ ...unreachable, text: evil }] };
    return open(scene, "/", async (page) => {
      await page.locator(`${tile("gate")} .notice`).waitFor();
      await page.locator(".banners .notice").waitFor();
      assert.equal(await page.locator("img, .notice-text b").count(), 0);
      assert.ok((await page.locator(`${tile("gate")} .notice-title`).textContent()).includes(evil));
    });
  });

  test("changes are read out politely", () => {
    const scene = site();
    return open(scene, "/", async (page) => {
      await page.locator(`${tile("gate")}[data-picture]`).waitFor();
      scene.streams[0] = failed("gate", unreachable);
      await page.locator("#announcer").getByText("gate: failed").waitFor({ state: "attached" });
      assert.equal(await page.locator("#announcer").getAttribute("aria-live"), "polite");
    });
  });
});

describe("keys", () => {
  test("arrows move between tiles, Enter opens one", () =>
    open(site(), "/", async (page) => {
      await page.locator(tile("yard")).waitFor();
      await page.keyboard.press("ArrowRight");
      assert.equal(await focused(page), "archive");
      await page.keyboard.press("ArrowRight");
      assert.equal(await focused(page), "demo");
      await page.keyboard.press("ArrowDown");
      assert.equal(await focused(page), "lobby");
      await page.keyboard.press("End");
      assert.equal(await focused(page), "yard");
      await page.keyboard.press("Home");
      const outline = await page.evaluate(
        () => getComputedStyle(document.activeElement.closest(".tile")).outlineStyle,
      );
      assert.equal(outline, "solid", "the focus can be seen");
      await page.keyboard.press("Enter");
      await page.waitForURL("**/view/archive");
    }));

  test("? lists the keys, / searches, 3 makes a wall, and single keys can be switched off", () =>
    open(site(), "/", async (page) => {
      await page.locator(tile("yard")).waitFor();
      await page.keyboard.press("?");
      await page.locator("dialog[open]").getByText("Move between streams").waitFor();
      await page.keyboard.press("3");
      assert.equal(await page.locator("#grid").getAttribute("data-density"), "fit");
      await page.keyboard.press("Escape");
      await page.keyboard.press("3");
      assert.equal(await page.locator("#grid").getAttribute("data-density"), "wall");
      await page.keyboard.press("/");
      await page.keyboard.type("parking");
      assert.equal(await page.locator(".tile:visible").count(), 2);
      await page.keyboard.press("Enter");
      assert.equal(await focused(page), "parking-1");
      await page.keyboard.press("/");
      await page.keyboard.type(" nothing?");
      await page.getByText("No stream matches").waitFor();
      await page.keyboard.press("Escape");
      assert.equal(await page.locator(".tile:visible").count(), 9);
      await page.locator("#search").blur();
      await page.keyboard.press("?");
      await page.getByLabel("Single keys act").uncheck();
      await page.keyboard.press("Escape");
      await page.keyboard.press("1");
      assert.equal(await page.locator("#grid").getAttribute("data-density"), "wall");
      await page.reload();
      await page.locator(tile("yard")).waitFor();
      assert.equal(await page.locator("#grid").getAttribute("data-density"), "wall", "it is kept");
    }));

  test("everything can be reached with Tab", () =>
    open(site(), "/", async (page) => {
      await page.locator(tile("yard")).waitFor();
      const reached = new Set();
      for (let i = 0; i < 30; i++) {
        await page.keyboard.press("Tab");
        reached.add(
          await page.evaluate(
            () =>
              document.activeElement?.getAttribute("aria-label") ??
              document.activeElement?.textContent?.trim(),
          ),
        );
      }
      for (const name of [
        "Skip to the streams",
        "3 need attention",
        "Search the streams",
        "As large as fits",
        "Keys",
        "gate",
        "yard",
      ]) {
        assert.ok(reached.has(name), `${name} of ${[...reached].join(", ")}`);
      }
    }));
});

describe("one stream", () => {
  const field = (page, id) => page.locator(`[data-field="${id}"]`).textContent();

  test("the panel tells what is measured, and where the delay is", () =>
    open(site(), "/view/gate", async (page) => {
      await page.locator(".stage[data-picture]").waitFor();
      await becomes(
        page,
        () => document.querySelector('[data-field="total"]').textContent,
        "53 ms",
      );
      const want = {
        fps: "25 fps",
        bitrate: "3.1 Mbit/s",
        camera: "38 ms",
        network: "0.6 ms",
        jitterBuffer: "7.4 ms",
        decode: "3.1 ms",
        gpu: "4.2 ms",
        resolution: "1280 × 720",
        codec: "H.264 Main",
        rtp: "2483920331",
        lost: "3",
        dropped: "12",
        rung: "GPU, track processor",
        adapter: "NVIDIA RTX A2000 (ampere)",
        key: "frame metadata, exact",
        transport: "TCP",
      };
      for (const [id, text] of Object.entries(want)) assert.equal(await field(page, id), text, id);
      assert.equal(
        await page.locator(".delay-bar").getAttribute("aria-label"),
        "Camera to relay 38 ms, Network 0.6 ms, Jitter buffer 7.4 ms, Decode 3.1 ms, GPU 4.2 ms",
      );
      const shares = await page
        .locator(".delay-bar span")
        .evaluateAll((all) => all.map((s) => s.clientWidth));
      assert.ok(shares[0] > shares[2] && shares[2] > shares[1], shares.join());
      assert.equal(await page.title(), "gate · Sightline");
    }));

  test("i, o, t and f act, and choices are kept", () =>
    open(site(), "/view/gate", async (page) => {
      await page.locator(".stage[data-picture]").waitFor();
      const overlay = () => page.locator("sightline-player").getAttribute("overlay");
      assert.equal(await overlay(), "key");
      await page.keyboard.press("o");
      assert.equal(await overlay(), "none");
      await page.keyboard.press("i");
      assert.ok(await page.locator(".panel").isHidden());
      await page.keyboard.press("t");
      await page.reload();
      await page.locator(".stage[data-picture]").waitFor();
      assert.equal(await overlay(), "none");
      assert.ok(await page.locator(".panel").isHidden());
      assert.equal(await page.locator("html").getAttribute("data-theme"), "light");
      await page.keyboard.press("f");
      await becomes(page, () => document.fullscreenElement?.className, "stage");
      await page.keyboard.press("f");
      await becomes(page, () => document.fullscreenElement, null);
    }));

  test("arrows go to the streams beside it", () =>
    open(site(), "/view/gate", async (page) => {
      await page.locator(".stage[data-picture]").waitFor();
      await page.keyboard.press("ArrowRight");
      await page.waitForURL("**/view/loading-dock");
      await page.locator(".stage[data-picture]").waitFor();
      await page.keyboard.press("ArrowLeft");
      await page.waitForURL("**/view/gate");
      await page.keyboard.press("g");
      await page.locator(tile("gate")).waitFor();
    }));

  test("a picture is saved with stream, time and frame in its name", () =>
    open(site(), "/view/gate", async (page) => {
      await page.locator(".stage[data-picture]").waitFor();
      const download = page.waitForEvent("download");
      await page.keyboard.press("s");
      assert.match((await download).suggestedFilename(), /^gate-\d{8}-\d{6}Z-rtp2483920331\.png$/);
    }));

  test("without a network path it names the paths tried and the port to open", () => {
    const scene = site();
    scene.players.gate = {
      phase: "failed",
      conditions: [notConnected],
      candidates: ["192.168.1.20:52044 udp -> 10.0.0.5:8189 udp failed"],
    };
    return open(scene, "/view/gate", async (page) => {
      const notice = page.locator('[data-code="viewer-not-connected"]');
      await notice.getByText("UDP 8189").waitFor();
      const text = await notice.textContent();
      for (const part of [notConnected.fix, "TCP 8189", scene.players.gate.candidates[0]]) {
        assert.ok(text.includes(part), part);
      }
      assert.equal(await page.locator("#badge").textContent(), "No connection");
    });
  });

  test("a frozen picture is marked, and what the camera does is said", () =>
    open(site(), "/view/parking-2", async (page) => {
      await page.getByText(/Frozen picture, \d+ s old/).waitFor();
      await page.locator('[data-code="source-silent"]').waitFor();
      assert.equal(await page.locator("#badge").textContent(), "Stalled");
    }));

  test("a warning is shown beside a picture that moves", () =>
    open(site(), "/view/loading-dock", async (page) => {
      await page.locator(".stage[data-picture]").waitFor();
      assert.ok((await page.locator(".stage .notice").textContent()).includes(loss.text));
      const lost = await field(page, "upstream");
      assert.equal(lost, "412 lost: 400 kernel SOCKET_RCVBUFF, 12 upstream");
      assert.equal(await page.locator("#badge").textContent(), "Live");
    }));

  test("an unknown stream, and a name that can be none", async () => {
    await open(site(), "/view/nothing", async (page) => {
      await page.locator('.stage [data-code="stream-unknown"]').waitFor();
      assert.equal(await page.locator(".notice").count(), 1);
      assert.equal(await page.locator("#badge").textContent(), "Unavailable");
    });
    await open(site(), "/view/a%20b", async (page, server) => {
      await page.getByText('"a b" is not a stream\'s name').waitFor();
      assert.ok(!server.requests.some((r) => r.startsWith("/api/v1/streams")));
    });
  });
});

describe("the picture alone", () => {
  test("it has nothing but the picture, and hides its buttons", () =>
    open(site(), "/embed/gate", async (page) => {
      await page.locator(".stage[data-picture]").waitFor();
      assert.equal(await page.locator("header, .panel, .notice").count(), 0);
      const box = await page.locator("sightline-player").boundingBox();
      assert.deepEqual([box.width, box.height], [1280, 800]);
      assert.equal(await page.locator(".stage-controls").count(), 1);
    }));

  test("the address chooses panel, overlay and buttons", () =>
    open(site(), "/embed/gate?panel=1&overlay=0&controls=0", async (page) => {
      await page.locator(".panel").waitFor();
      assert.equal(await page.locator(".stage-controls").count(), 0);
      assert.equal(await page.locator("sightline-player").getAttribute("overlay"), "none");
    }));

  test("what is wrong fits into a small frame", () =>
    open(
      site(),
      "/embed/roof",
      async (page) => {
        await page.locator(".notice").waitFor();
        const fits = await page.evaluate(
          () =>
            document.documentElement.scrollWidth <= innerWidth &&
            document.documentElement.scrollHeight <= innerHeight,
        );
        assert.ok(fits);
        assert.ok(await page.getByText(unreachable.title).isVisible());
      },
      { context: { viewport: { width: 320, height: 180 } } },
    ));
});
