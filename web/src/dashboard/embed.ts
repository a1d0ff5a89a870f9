// The page "/embed/{stream}": the picture alone, for frames in other pages.

import "./base.css";
import "./panel.css";
import "./stage.css";
import "./embed.css";
import { Announcer } from "./announcer.ts";
import { linkCondition } from "./banners.ts";
import { Choices } from "./choices.ts";
import { find, h } from "./dom.ts";
import { isStreamName, parseStream, unknownName } from "./messages.ts";
import { notice } from "./notice.ts";
import { Panel } from "./panel.ts";
import { RelayFeed } from "./relay-feed.ts";
import { embedOptions, streamOfPath } from "./route.ts";
import { StageView } from "./stage.ts";
import { iconButton } from "./toolbar.ts";

// Brings the theme of the relay's other pages.
new Choices();
const name = streamOfPath(location.pathname);
const options = embedOptions(location.search);
document.title = `${name} · Sightline`;

const feed = new RelayFeed(`/api/v1/streams/${encodeURIComponent(name)}`, parseStream);
const announcer = new Announcer(find("announcer", HTMLElement));
const main = find("main", HTMLElement);
const panel = options.panel ? new Panel("Measurements") : null;

let overlay = options.overlay;
let label = "";
const stage = new StageView(name, overlay ? "key" : "none", (now, snapshot) => {
  if (label !== "" && label !== now.badge.label) announcer.changed(name, now.badge.label);
  label = now.badge.label;
  panel?.update(feed.knowledge.get().value, snapshot);
});

function controls(): HTMLElement {
  const overlayButton = iconButton("overlay", "Overlay", "", () => {
    overlay = !overlay;
    stage.player.setAttribute("overlay", overlay ? "key" : "none");
    overlayButton.setAttribute("aria-pressed", String(overlay));
  });
  overlayButton.setAttribute("aria-pressed", String(overlay));
  const fullButton = iconButton("full", "Full screen", "", () => {
    const done =
      document.fullscreenElement === null
        ? stage.element.requestFullscreen()
        : document.exitFullscreen();
    done.catch(() => announcer.say("The browser refuses full screen"));
  });
  // Frames without allow="fullscreen" cannot.
  fullButton.hidden = !document.fullscreenEnabled;
  return h("div", { class: "stage-controls" }, overlayButton, fullButton);
}

function draw(): void {
  const knowledge = feed.knowledge.get();
  const { link, value, relay } = knowledge;
  const broken = linkCondition(knowledge, Date.now());
  // While the picture runs, a silent API is no news to whoever watches it.
  const playing = stage.player.snapshot?.phase === "playing";
  stage.update({
    stream: value,
    relay,
    conditions: [
      ...(link.kind === "refused" ? [link.condition] : []),
      ...(broken === null || playing ? [] : [{ ...broken, text: "" }]),
    ],
  });
}

if (isStreamName(name)) {
  if (options.controls) stage.element.append(controls());
  if (panel !== null) stage.element.append(panel.element);
  main.append(stage.element);
  feed.knowledge.subscribe(draw);
  setInterval(() => {
    if (!document.hidden) draw();
  }, 1000);
  const follow = () => (document.hidden ? feed.stop() : feed.start());
  document.addEventListener("visibilitychange", follow);
  addEventListener("online", () => feed.start());
  follow();
} else {
  main.append(notice(unknownName(name)));
}
