// Takes pictures of the pages in all their states, to be looked at:
//   node web/e2e/pages/screenshots.mjs FOLDER

import { mkdir } from "node:fs/promises";
import path from "node:path";
import { chromium } from "playwright-core";
import { failed, notConnected, playing, site, stream, unreachable } from "./scenes.mjs";
import { startServer } from "./server.mjs";

const folder = process.argv[2];
if (folder === undefined) throw new Error("name the folder for the pictures");
await mkdir(folder, { recursive: true });

const sizes = [
  [390, 844],
  [1280, 800],
  [2560, 1440],
];
const wall = site();
wall.streams = Array.from({ length: 40 }, (_, i) => stream(`cam-${i + 1}`));
wall.streams[7] = failed("cam-8", unreachable, { state: "backoff" });
wall.players = Object.fromEntries(
  wall.streams.map((s) => [s.name, s.state === "live" ? playing : {}]),
);
const noPath = site();
noPath.players.gate = {
  phase: "failed",
  conditions: [notConnected],
  candidates: [
    "192.168.1.20:52044 udp -> 10.0.0.5:8189 udp failed",
    "192.168.1.20:9 tcp -> 10.0.0.5:8189 tcp failed",
  ],
};

const shots = [
  { name: "grid", path: "/", scene: site() },
  { name: "grid-wall", path: "/", scene: wall, density: "wall" },
  { name: "grid-empty", path: "/", scene: { ...site(), streams: [] } },
  {
    name: "grid-gone",
    path: "/",
    scene: site(),
    after: (scene) => {
      scene.broken = true;
    },
  },
  { name: "grid-insecure", path: "/", scene: site(), host: "0.0.0.0" },
  { name: "grid-keys", path: "/", scene: site(), key: "?" },
  { name: "view", path: "/view/gate", scene: site() },
  { name: "view-failed", path: "/view/yard", scene: site() },
  { name: "view-frozen", path: "/view/parking-2", scene: site() },
  { name: "view-no-path", path: "/view/gate", scene: noPath },
  { name: "view-unknown", path: "/view/nothing", scene: site() },
  { name: "embed", path: "/embed/gate?panel=1", scene: site() },
  { name: "embed-failed", path: "/embed/roof", scene: site() },
];
const wanted = process.argv.slice(3);

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--no-first-run"],
});
try {
  for (const shot of shots.filter((s) => wanted.length === 0 || wanted.includes(s.name))) {
    for (const [width, height] of sizes) {
      for (const colorScheme of ["dark", "light"]) {
        const scene = { ...shot.scene };
        const server = await startServer(scene);
        const context = await browser.newContext({ viewport: { width, height }, colorScheme });
        const page = await context.newPage();
        if (shot.density) {
          await page.addInitScript(
            (d) => localStorage.setItem("sightline.density", d),
            shot.density,
          );
        }
        await page.goto(`http://${shot.host ?? "127.0.0.1"}:${server.port}${shot.path}`);
        await page.waitForTimeout(1500);
        shot.after?.(scene);
        if (shot.after) await page.waitForTimeout(3500);
        if (shot.key) await page.keyboard.press(shot.key);
        await page.screenshot({
          path: path.join(folder, `${shot.name}-${width}-${colorScheme}.png`),
        });
        await context.close();
        await server.close();
      }
    }
  }
} finally {
  await browser.close();
}
