// How the pages look, and what they say without TLS: contrast, themes, sizes of
// screens, stillness.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { lowContrast } from "./pages/contrast.mjs";
import { open, patience, tile } from "./pages/open.mjs";
import { site } from "./pages/scenes.mjs";

describe("looks", () => {
  for (const colorScheme of ["dark", "light"]) {
    for (const path of ["/", "/view/gate", "/view/yard", "/embed/roof"]) {
      test(`text of ${path} can be read, ${colorScheme}`, () =>
        open(
          site(),
          path,
          async (page) => {
            await page.locator(path === "/" ? `${tile("gate")}[data-picture]` : ".stage").waitFor();
            await page.locator(".notice, .stage[data-picture]").first().waitFor();
            const dark = await page.evaluate(() => {
              const [r, g, b] = getComputedStyle(document.documentElement).backgroundColor.match(
                /\d+/g,
              );
              return Number(r) + Number(g) + Number(b) < 384;
            });
            assert.equal(dark, colorScheme === "dark" || path.startsWith("/embed"));
            assert.deepEqual(await page.evaluate(lowContrast), []);
          },
          { context: { colorScheme } },
        ));
    }
  }

  test("the theme chosen wins over the system's", () =>
    open(
      site(),
      "/",
      async (page) => {
        await page.locator(tile("gate")).waitFor();
        const background = () =>
          page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
        const dark = await background();
        await page.keyboard.press("t");
        assert.notEqual(await background(), dark);
        await page.keyboard.press("t");
        assert.equal(await background(), dark);
      },
      { context: { colorScheme: "dark" } },
    ));

  for (const [width, height] of [
    [320, 568],
    [390, 844],
    [1280, 800],
    [2560, 1440],
  ]) {
    test(`nothing is cut off at ${width} x ${height}`, async () => {
      for (const path of ["/", "/view/gate", "/view/yard"]) {
        await open(
          site(),
          path,
          async (page) => {
            await page.locator(".tile, .stage").first().waitFor();
            const over = await page.evaluate(
              () => document.documentElement.scrollWidth - innerWidth,
            );
            assert.ok(over <= 0, `${path} is ${over} px too wide`);
          },
          { context: { viewport: { width, height } } },
        );
      }
    });
  }

  test("tiles that fit the window do not make it scroll", () =>
    open(site(), "/", async (page) => {
      await page.locator(`${tile("gate")}[data-picture]`).waitFor();
      const over = () => page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
      assert.ok((await over()) <= 0, `${await over()} px too high`);
      await page.setViewportSize({ width: 1000, height: 900 });
      await page.waitForFunction(
        () => document.documentElement.scrollHeight <= innerHeight,
        undefined,
        { timeout: patience },
      );
    }));

  test("nothing turns for those who want it still", () =>
    open(
      site(),
      "/",
      async (page) => {
        await page.locator(".spinner").first().waitFor();
        const name = await page
          .locator(".spinner")
          .first()
          .evaluate((e) => getComputedStyle(e).animationName);
        assert.equal(name, "none");
      },
      { context: { reducedMotion: "reduce" } },
    ));
});

describe("without TLS", () => {
  test("the page says what is missing and how to get it", () =>
    open(
      site(),
      "/",
      async (page) => {
        await page.getByText("This page has no TLS").waitFor();
        await page.getByText("How to open it with TLS").click();
        assert.equal(
          await page.locator('.banners a[download="ca.pem"]').getAttribute("href"),
          "/ca.pem",
        );
        for (const name of ["Windows", "macOS", "Linux", "Android", "iPhone, iPad"]) {
          await page.locator(".systems").getByText(name, { exact: true }).waitFor();
        }
        await page.locator('.banners a[href="https://relay.example:8080/"]').waitFor();
      },
      { host: "0.0.0.0" },
    ));

  test("a relay with TLS switched off is told to switch it on", () => {
    const scene = site();
    scene.relay = { ...scene.relay, tls: { mode: "off", ca: "" } };
    return open(
      scene,
      "/",
      async (page) => {
        await page.getByText("How to open it with TLS").click();
        await page.getByText("http: {tls: auto}").waitFor();
      },
      { host: "0.0.0.0" },
    );
  });

  test("nothing is said on this machine itself", () =>
    open(site(), "/", async (page) => {
      await page.locator(tile("gate")).waitFor();
      assert.equal(await page.getByText("This page has no TLS").count(), 0);
    }));
});
