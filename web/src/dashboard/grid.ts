// The page "/": all streams of the relay, side by side.

import "./base.css";
import "./grid.css";
import "./devices.css";
import { Announcer } from "./announcer.ts";
import { Banners } from "./banners.ts";
import { Choices } from "./choices.ts";
import { Devices } from "./devices.ts";
import { fill, find, h, setText } from "./dom.ts";
import { EventList } from "./events.ts";
import { plural } from "./format.ts";
import { icon } from "./icons.ts";
import { Keys } from "./keys.ts";
import { parseStreams, type StreamInfo } from "./messages.ts";
import { notice } from "./notice.ts";
import {
  asMove,
  type Density,
  densities,
  type Filter,
  filtered,
  fitColumns,
  neighbour,
  searchBeyond,
  sorted,
  totals,
} from "./overview.ts";
import { type Knowledge, RelayFeed } from "./relay-feed.ts";
import { Store } from "./store.ts";
import { Tile } from "./tile.ts";
import { iconButton, themeButton } from "./toolbar.ts";

const densityNames: Readonly<Record<Density, string>> = {
  fit: "As large as fits",
  medium: "Medium tiles",
  wall: "Wall of small tiles",
};

const choices = new Choices();
const feed = new RelayFeed("/api/v1/streams", parseStreams);
const filter = new Store<Filter>({ text: "", problemsOnly: false });
const announcer = new Announcer(find("announcer", HTMLElement));
const banners = new Banners(find("banners", HTMLElement));
const main = find("main", HTMLElement);
const grid = find("grid", HTMLElement);
const empty = find("empty", HTMLElement);
const summary = find("summary", HTMLElement);
const problems = find("problems", HTMLButtonElement);
const search = find("search", HTMLInputElement);
const searchField = find("search-field", HTMLElement);

const devices = new Devices();
main.append(devices.element);

const tiles = new Map<string, Tile>();
const byElement = new WeakMap<Element, Tile>();

const watcher = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) byElement.get(entry.target)?.setOnScreen(entry.isIntersecting);
  },
  { rootMargin: "160px" },
);

/** Brings the tiles in line with the streams shown, and keeps what stays. */
function drawTiles(all: readonly StreamInfo[], shown: readonly StreamInfo[]): void {
  const names = new Set(all.map((s) => s.name));
  for (const [name, tile] of tiles) {
    if (names.has(name)) continue;
    watcher.unobserve(tile.element);
    tile.dispose();
    tiles.delete(name);
  }
  const visible = new Set(shown.map((s) => s.name));
  let before: Element | null = null;
  for (const stream of all) {
    let tile = tiles.get(stream.name);
    if (tile === undefined) {
      tile = new Tile(stream, (name, badge) => announcer.changed(name, badge.label));
      tiles.set(stream.name, tile);
      byElement.set(tile.element, tile);
    } else {
      tile.update(stream);
    }
    // A tile that is moved in the page would lose its player's picture.
    const place: Element | null =
      before === null ? grid.firstElementChild : before.nextElementSibling;
    if (place !== tile.element) grid.insertBefore(tile.element, place);
    before = tile.element;
    tile.element.hidden = !visible.has(stream.name);
    watcher.observe(tile.element);
  }
}

function drawEmpty(knowledge: Knowledge<readonly StreamInfo[]>, shown: number): void {
  const { link, value } = knowledge;
  if (shown > 0) {
    fill(empty);
  } else if (link.kind === "refused") {
    fill(empty, notice(link.condition));
  } else if (value === null) {
    fill(
      empty,
      link.kind === "asking" &&
        h("p", { class: "resting" }, h("span", { class: "spinner" }), "Asking the relay…"),
    );
  } else if (value.length === 0) {
    fill(
      empty,
      icon("camera"),
      h("h2", {}, "No streams yet"),
      h("p", {}, "Add a camera to the relay's configuration and start it again:"),
      h(
        "pre",
        {},
        h(
          "code",
          {},
          "streams:\n  gate:\n    source:\n      url: rtsp://camera.example/stream1\n      user: viewer\n      password_env: GATE_PASSWORD\n",
        ),
      ),
      h(
        "p",
        {},
        "No camera at hand? ",
        h("code", {}, "sightline demo"),
        " shows a generated street. ",
        h("code", {}, "sightline doctor"),
        " checks this machine.",
      ),
    );
  } else {
    const all = h("button", { class: "button text", type: "button" }, "Show all streams");
    all.addEventListener("click", showAll);
    fill(
      empty,
      icon("search"),
      h("h2", {}, filter.get().problemsOnly ? "Nothing needs attention" : "No stream matches"),
      all,
    );
  }
}

function showAll(): void {
  search.value = "";
  filter.set({ text: "", problemsOnly: false });
}

let emptyShown = "";

function draw(): void {
  const knowledge = feed.knowledge.get();
  const all = sorted(knowledge.value ?? []);
  const shown = filtered(all, filter.get());
  drawTiles(all, shown);
  const state = JSON.stringify([knowledge.link.kind, all.length, shown.length, filter.get()]);
  if (state !== emptyShown) {
    emptyShown = state;
    drawEmpty(knowledge, shown.length);
  }
  const sum = totals(all);
  setText(
    summary,
    knowledge.value === null ? "" : `${plural(sum.streams, "stream")}, ${sum.live} live`,
  );
  const { problemsOnly, text } = filter.get();
  problems.hidden = sum.problems === 0 && !problemsOnly;
  problems.setAttribute("aria-pressed", String(problemsOnly));
  setText(problems, sum.problems === 1 ? "1 needs attention" : `${sum.problems} need attention`);
  searchField.hidden = sum.streams <= searchBeyond && text === "";
  banners.update(knowledge);
  devices.follow((knowledge.relay?.devices ?? "") !== "" && !document.hidden);
  layOut();
}

/** The tiles that are shown, in the order on the screen. */
function shownTiles(): Tile[] {
  return [...grid.children].flatMap((element) => {
    const tile = byElement.get(element);
    return tile === undefined || (element as HTMLElement).hidden ? [] : [tile];
  });
}

function move(key: string): boolean {
  const direction = asMove(key);
  if (direction === null) return false;
  const list = shownTiles();
  const columns = getComputedStyle(grid).gridTemplateColumns.split(" ").length;
  const to = neighbour(
    list.findIndex((t) => t.focused),
    direction,
    columns,
    list.length,
  );
  list[to]?.focus();
  return list[to] !== undefined;
}

function choose(density: Density): void {
  choices.choose("density", density);
}

const densityButtons = densities.map((density, i) => {
  const button = iconButton(density, densityNames[density], String(i + 1), () => choose(density));
  return { density, button };
});
find("density", HTMLElement).append(...densityButtons.map((b) => b.button));
/** Gives the tiles their size; the density fit depends on their number and the window. */
function layOut(): void {
  const { density } = choices.values.get();
  grid.dataset.density = density;
  if (density !== "fit") return;
  const style = getComputedStyle(grid);
  const foot = Number.parseFloat(getComputedStyle(main).paddingBottom);
  const room = {
    width: grid.clientWidth,
    height: innerHeight - grid.getBoundingClientRect().top - scrollY - foot,
  };
  const caption = grid.querySelector(".tile-caption")?.clientHeight ?? 40;
  const least = 20 * Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const gap = Number.parseFloat(style.columnGap) || 0;
  const { count, width } = fitColumns(shownTiles().length, room, gap, caption + 2, least);
  grid.style.setProperty("--columns", String(count));
  grid.style.setProperty("--column", `${width}px`);
}

choices.values.subscribe(({ density }) => {
  layOut();
  for (const b of densityButtons)
    b.button.setAttribute("aria-pressed", String(b.density === density));
});

const keys = new Keys(
  choices,
  [
    {
      keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"],
      shown: ["←", "→", "↑", "↓"],
      text: "Move between streams",
      act: move,
    },
    // Enter is the link's own; it stands here for the list of keys.
    { keys: [], shown: ["Enter"], text: "Open the stream", act: () => false },
    {
      keys: ["/"],
      shown: ["/"],
      text: `Search (with more than ${searchBeyond} streams)`,
      act: () => {
        if (searchField.hidden) return false;
        search.focus();
        return true;
      },
    },
    {
      keys: ["1", "2", "3"],
      shown: ["1", "2", "3"],
      text: "As large as fits, medium, wall",
      act: (key) => {
        choose(densities[Number(key) - 1] ?? "medium");
        return true;
      },
    },
    {
      keys: ["t"],
      shown: ["t"],
      text: "Theme: system, light, dark",
      act: () => {
        choices.nextTheme();
        return true;
      },
    },
  ],
  () => {
    const version = feed.knowledge.get().relay?.version;
    return version === undefined ? "" : `Sightline ${version}`;
  },
);
find("tools", HTMLElement).append(
  themeButton(choices),
  iconButton("help", "Keys", "?", () => keys.show()),
);

search.addEventListener("input", () => filter.set({ ...filter.get(), text: search.value }));
search.addEventListener("keydown", (event) => {
  if (event.key === "Escape") showAll();
  else if (event.key === "ArrowDown" || event.key === "Enter") move("Home");
  else return;
  event.preventDefault();
});
problems.addEventListener("click", () =>
  filter.set({ ...filter.get(), problemsOnly: !filter.get().problemsOnly }),
);

new ResizeObserver(layOut).observe(document.documentElement);
new ResizeObserver(layOut).observe(find("banners", HTMLElement));
feed.knowledge.subscribe(draw);
filter.subscribe(draw);
// Ages and "next try in" move on while the relay is silent.
setInterval(() => {
  if (!document.hidden && feed.knowledge.get().link.kind === "unreachable") draw();
}, 1000);
const events = new EventList("");
main.after(events.element);
const follow = () => {
  for (const one of [feed, events]) document.hidden ? one.stop() : one.start();
  if (document.hidden) devices.follow(false);
};
document.addEventListener("visibilitychange", follow);
addEventListener("online", () => feed.start());
follow();
