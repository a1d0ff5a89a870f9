// Runs in the page: lists visible text whose contrast is below what WCAG 2.2
// asks for at level AA (4.5, and 3 for large text).

export function lowContrast() {
  const canvas = new OffscreenCanvas(1, 1);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  /** Any CSS colour as red, green, blue 0..255 and alpha 0..1. */
  const rgba = (color) => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = color;
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, bottom) => {
    const mix = (i) => top[i] * top[3] + bottom[i] * (1 - top[3]);
    return [mix(0), mix(1), mix(2), 1];
  };
  const luminance = (color) => {
    const part = (v) => {
      const s = v / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    };
    return 0.2126 * part(color[0]) + 0.7152 * part(color[1]) + 0.0722 * part(color[2]);
  };
  const ratio = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  /** What lies behind an element; a picture counts as white, the worst for light text. */
  const behind = (element) => {
    const layers = [];
    for (let e = element; e !== null; e = e.parentElement) {
      const layer = rgba(getComputedStyle(e).backgroundColor);
      if (layer[3] > 0) layers.push(layer);
      if (layer[3] === 1) break;
      const onPicture = e.matches(".tile-notice, .stage-notices") && e.closest("[data-picture]");
      if (onPicture) {
        layers.push([255, 255, 255, 1]);
        break;
      }
    }
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    const style = getComputedStyle(element);
    const size = Number.parseFloat(style.fontSize);
    if (node.data.trim() === "" || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest(".quiet-only, script, :disabled") !== null || size === 0) continue;
    const background = behind(element);
    const got = ratio(over(rgba(style.color), background), background);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (got < (large ? 3 : 4.5)) {
      found.add(
        `${got.toFixed(2)} ${style.color} on ${background.map(Math.round)}: ${node.data.trim()}`,
      );
    }
  }
  return [...found];
}
