// The page "/view/{stream}": one stream, large, with everything that is known
// of it.

import "./base.css";
import "./panel.css";
import "./stage.css";
import "./view.css";
import { Announcer } from "./announcer.ts";
import { ask } from "./answer.ts";
import { Banners } from "./banners.ts";
import { Choices } from "./choices.ts";
import { Detection } from "./detection.ts";
import { find, setText } from "./dom.ts";
import { EventList } from "./events.ts";
import { Keys } from "./keys.ts";
import { isStreamName, parseStream, parseStreams, unknownName } from "./messages.ts";
import { notice } from "./notice.ts";
import { sorted } from "./overview.ts";
import { Panel } from "./panel.ts";
import { savePhoto } from "./photo.ts";
import { RelayFeed } from "./relay-feed.ts";
import { streamOfPath } from "./route.ts";
import { StageView } from "./stage.ts";
import { iconButton, relabel, themeButton } from "./toolbar.ts";

const choices = new Choices();
const name = streamOfPath(location.pathname);
document.title = `${name} · Sightline`;
setText(find("name", HTMLElement), name);

const feed = new RelayFeed(`/api/v1/streams/${encodeURIComponent(name)}`, parseStream);
const announcer = new Announcer(find("announcer", HTMLElement));
const banners = new Banners(find("banners", HTMLElement));
const badge = find("badge", HTMLElement);
const main = find("main", HTMLElement);
const panel = new Panel("Measurements");
panel.element.id = "panel";
const detection = new Detection(name);
panel.element.append(detection.element);
const events = new EventList(name);

let label = "";
const stage = new StageView(
  name,
  choices.values.get().overlay ? "key" : "none",
  (now, snapshot) => {
    setText(badge, now.badge.label);
    badge.dataset.tone = now.badge.tone;
    if (label !== "" && label !== now.badge.label) announcer.changed(name, now.badge.label);
    label = now.badge.label;
    photoButton.disabled = !now.picture || now.frozen;
    panel.update(feed.knowledge.get().value, snapshot);
    detection.update(snapshot);
  },
);

/** Goes to the stream before or after this one, in the grid's order. */
async function step(by: number): Promise<void> {
  const answer = await ask(
    (url, init) => fetch(url, init),
    "/api/v1/streams",
    parseStreams,
    new AbortController().signal,
  );
  if (answer.kind !== "ok") return;
  const names = sorted(answer.value).map((s) => s.name);
  const to = names[(names.indexOf(name) + by + names.length) % names.length];
  if (to !== undefined && to !== name) location.assign(`/view/${encodeURIComponent(to)}`);
}

function toggleFull(): void {
  const done =
    document.fullscreenElement === null
      ? stage.element.requestFullscreen()
      : document.exitFullscreen();
  done.catch(() => announcer.say("The browser refuses full screen"));
}

function photo(): void {
  savePhoto(name, stage.player).catch(() => announcer.say("There is no picture to save"));
}

const overlayButton = iconButton("overlay", "Overlay", "o", () => toggle("overlay"));
const panelButton = iconButton("panel", "Measurements", "i", () => toggle("panel"));
const photoButton = iconButton("photo", "Save the picture", "s", photo);
const fullButton = iconButton("full", "Full screen", "f", toggleFull);
panelButton.setAttribute("aria-controls", "panel");
document.addEventListener("fullscreenchange", () => {
  const full = document.fullscreenElement !== null;
  relabel(fullButton, full ? "shrink" : "full", full ? "Leave full screen" : "Full screen", "f");
});

function toggle(what: "overlay" | "panel"): void {
  choices.choose(what, !choices.values.get()[what]);
}

choices.values.subscribe((now) => {
  stage.player.setAttribute("overlay", now.overlay ? "key" : "none");
  overlayButton.setAttribute("aria-pressed", String(now.overlay));
  panelButton.setAttribute("aria-expanded", String(now.panel));
  panelButton.setAttribute("aria-pressed", String(now.panel));
  panel.element.hidden = !now.panel;
  main.toggleAttribute("data-panel", now.panel);
});

function acts(act: () => void): () => boolean {
  return () => {
    act();
    return true;
  };
}

const keys = new Keys(
  choices,
  [
    { keys: ["i"], shown: ["i"], text: "Measurements", act: acts(() => toggle("panel")) },
    { keys: ["o"], shown: ["o"], text: "Overlay", act: acts(() => toggle("overlay")) },
    { keys: ["s"], shown: ["s"], text: "Save the picture as PNG", act: acts(photo) },
    { keys: ["f"], shown: ["f"], text: "Full screen", act: acts(toggleFull) },
    {
      keys: ["ArrowLeft", "ArrowRight"],
      shown: ["←", "→"],
      text: "The stream before, the stream after",
      act: (key) => {
        void step(key === "ArrowLeft" ? -1 : 1);
        return true;
      },
    },
    { keys: ["g"], shown: ["g"], text: "All streams", act: acts(() => location.assign("/")) },
    {
      keys: ["t"],
      shown: ["t"],
      text: "Theme: system, light, dark",
      act: acts(() => choices.nextTheme()),
    },
  ],
  () => {
    const version = feed.knowledge.get().relay?.version;
    return version === undefined ? "" : `Sightline ${version}`;
  },
);
find("tools", HTMLElement).append(
  overlayButton,
  panelButton,
  photoButton,
  fullButton,
  themeButton(choices),
  iconButton("help", "Keys", "?", () => keys.show()),
);

function draw(): void {
  const knowledge = feed.knowledge.get();
  const { link, value, relay } = knowledge;
  banners.update(knowledge);
  stage.update({
    stream: value,
    relay,
    conditions: link.kind === "refused" ? [link.condition] : [],
  });
}

if (isStreamName(name)) {
  main.append(stage.element, panel.element);
  panel.element.append(events.element);
  feed.knowledge.subscribe(draw);
  setInterval(() => {
    if (!document.hidden) draw();
  }, 1000);
  const asking = [feed, events, detection];
  const follow = () => {
    for (const one of asking) document.hidden ? one.stop() : one.start();
  };
  document.addEventListener("visibilitychange", follow);
  addEventListener("online", () => feed.start());
  follow();
} else {
  main.append(notice(unknownName(name)));
}
