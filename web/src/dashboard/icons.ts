// The icons: strokes on a grid of 24, drawn in the colour of the text.

const shapes = {
  sightline:
    "M12 2.5v4M12 17.5v4M2.5 12h4M17.5 12h4M12 5.5a6.5 6.5 0 1 0 0 13a6.5 6.5 0 0 0 0-13M12 12h.01",
  back: "M19 12H5M11 6l-6 6 6 6",
  search: "M11 4a7 7 0 1 0 0 14a7 7 0 0 0 0-14M16.2 16.2L21 21",
  help: "M9.2 9a2.9 2.9 0 1 1 4.2 2.6c-.9.5-1.4 1.1-1.4 2.1M12 17.2h.01M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18",
  fit: "M4 5h16v14H4zM14 5v14M14 12h6",
  medium: "M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z",
  wall: "M3.5 5h4.6v4H3.5zM9.7 5h4.6v4H9.7zM15.9 5h4.6v4h-4.6zM3.5 10h4.6v4H3.5zM9.7 10h4.6v4H9.7zM15.9 10h4.6v4h-4.6zM3.5 15h4.6v4H3.5zM9.7 15h4.6v4H9.7zM15.9 15h4.6v4h-4.6z",
  auto: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 3v18M12 7l6 0M12 11h8.8M12 15h8.3M12 19h5",
  light:
    "M12 8a4 4 0 1 0 0 8a4 4 0 0 0 0-8M12 2v2.5M12 19.5v2.5M2 12h2.5M19.5 12H22M4.9 4.9l1.8 1.8M17.3 17.3l1.8 1.8M4.9 19.1l1.8-1.8M17.3 6.7l1.8-1.8",
  dark: "M20.5 14.5A8.5 8.5 0 0 1 9.5 3.5a8.5 8.5 0 1 0 11 11",
  panel: "M4 5h16v14H4zM14.5 5v14M17 9h.6M17 12h.6M17 15h.6",
  overlay:
    "M4 8V5.5A1.5 1.5 0 0 1 5.5 4H8M16 4h2.5A1.5 1.5 0 0 1 20 5.5V8M20 16v2.5a1.5 1.5 0 0 1-1.5 1.5H16M8 20H5.5A1.5 1.5 0 0 1 4 18.5V16M9 9h6v6H9z",
  full: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  shrink: "M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5",
  photo: "M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 10a3.2 3.2 0 1 0 0 6.4a3.2 3.2 0 0 0 0-6.4",
  error: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 7.5v5.5M12 16.5h.01",
  warning: "M12 4L2.8 19.5h18.4zM12 10v4.5M12 17.2h.01",
  info: "M12 3a9 9 0 1 0 0 18a9 9 0 0 0 0-18M12 11v5.5M12 7.5h.01",
  offline:
    "M3 3l18 18M8.5 16.4a5 5 0 0 1 6.9-.1M5 12.9a10 10 0 0 1 4.4-2.5M13.7 10.2a10 10 0 0 1 5.3 2.7M2 9.3a15 15 0 0 1 4.2-2.7M10.6 5.3A15 15 0 0 1 22 9.3M12 19.8h.01",
  camera: "M3 7.5h12v9H3zM15 11l6-3v8l-6-3",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  reload: "M20 11.5a8 8 0 1 0-2 5.8M20 5v6.5h-6.5",
  close: "M6 6l12 12M18 6L6 18",
} as const;

/** Names of the icons. */
export type Icon = keyof typeof shapes;

const svg = "http://www.w3.org/2000/svg";

/** Draws an icon. It says nothing to a screen reader: the text beside it does. */
export function icon(name: Icon): SVGSVGElement {
  const element = document.createElementNS(svg, "svg");
  element.setAttribute("viewBox", "0 0 24 24");
  element.setAttribute("class", "icon");
  element.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svg, "path");
  path.setAttribute("d", shapes[name]);
  element.append(path);
  return element;
}
