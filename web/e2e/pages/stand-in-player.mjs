// Stands in for <sightline-player> in tests of the pages: it shows a painted
// scene and the state that the test's server names for its stream.

const still = {
  phase: "connecting",
  conditions: [],
  rung: null,
  rungReason: "",
  fps: 0,
  width: 0,
  height: 0,
  codec: "",
  bitsPerSecond: 0,
  packetsLost: 0,
  framesDropped: 0,
  latency: {
    camera: null,
    network: null,
    jitterBuffer: null,
    decode: null,
    gpu: null,
    total: null,
  },
  adapter: "",
  path: "",
  keySource: "none",
  rtp: null,
  frames: 0,
  candidates: [],
  annotations: null,
  detectors: [],
};

function paint(canvas, seed) {
  const c = canvas.getContext("2d");
  const { width: w, height: h } = canvas;
  const night = seed % 3 === 1;
  const sky = c.createLinearGradient(0, 0, 0, h * 0.55);
  sky.addColorStop(0, night ? "#10182c" : "#8fb4d6");
  sky.addColorStop(1, night ? "#24304a" : "#dbe6ea");
  c.fillStyle = sky;
  c.fillRect(0, 0, w, h * 0.55);
  c.fillStyle = night ? "#20242c" : "#6d7278";
  c.fillRect(0, h * 0.55, w, h);
  let r = seed * 7919 + 17;
  const random = () => {
    r = (r * 1103515245 + 12345) % 2147483648;
    return r / 2147483648;
  };
  for (let x = 0; x < w; ) {
    const bw = w * (0.06 + random() * 0.09);
    const bh = h * (0.15 + random() * 0.3);
    const v = night ? 30 + random() * 18 : 120 + random() * 60;
    c.fillStyle = `rgb(${v} ${v} ${v + 8})`;
    c.fillRect(x, h * 0.55 - bh, bw, bh);
    c.fillStyle = night ? "#f3d489" : "#5c6f80";
    for (let i = 0; i < 8; i++) {
      if (random() > 0.5)
        c.fillRect(x + bw * random() * 0.8, h * 0.55 - bh * random(), w / 110, h / 60);
    }
    x += bw;
  }
  c.fillStyle = night ? "#3c424c" : "#8d9298";
  c.beginPath();
  c.moveTo(w * 0.42, h * 0.55);
  c.lineTo(w * 0.58, h * 0.55);
  c.lineTo(w * 1.05, h);
  c.lineTo(w * -0.05, h);
  c.fill();
  c.strokeStyle = "#e6e2cf";
  c.lineWidth = h / 110;
  c.setLineDash([h / 16, h / 16]);
  c.beginPath();
  c.moveTo(w * 0.5, h * 0.56);
  c.lineTo(w * 0.5, h);
  c.stroke();
  for (let i = 0; i < 3; i++) {
    const y = h * (0.62 + random() * 0.25);
    const s = (y / h - 0.5) * 0.5;
    const x = w * (0.3 + random() * 0.4);
    c.fillStyle = ["#a33a34", "#2f5d94", "#d8d8d4", "#3b3f44"][Math.floor(random() * 4)];
    c.beginPath();
    c.roundRect(x, y, w * s, h * s * 0.6, h * 0.015);
    c.roundRect(x + w * s * 0.15, y - h * s * 0.35, w * s * 0.65, h * s * 0.5, h * 0.02);
    c.fill();
  }
}

class StandIn extends HTMLElement {
  snapshot = null;
  #timer = null;
  #frames = 0;

  connectedCallback() {
    const canvas = document.createElement("canvas");
    canvas.width = 1280;
    canvas.height = 720;
    canvas.style.width = "100%";
    canvas.style.height = "100%";
    canvas.style.objectFit = "contain";
    canvas.style.display = "block";
    const name = this.getAttribute("stream");
    paint(
      canvas,
      [...name].reduce((n, c) => n + c.charCodeAt(0), 0),
    );
    this.attachShadow({ mode: "open" }).append(canvas);
    const turn = async () => {
      const answer = await fetch(`/stand-in/${name}`).catch(() => null);
      if (!this.isConnected) return;
      if (answer !== null) {
        const state = await answer.json();
        this.#frames += state.phase === "playing" ? 25 : 0;
        this.snapshot = { ...still, stream: name, frames: this.#frames, ...state };
        this.dispatchEvent(new CustomEvent("sightline-state", { detail: this.snapshot }));
      }
      this.#timer = setTimeout(turn, 300);
    };
    turn();
  }

  readPixels(count, _source, each) {
    const data = { width: 4, height: 2, stride: 256, format: "bgra8unorm", rtp: this.snapshot.rtp };
    for (let left = count; left-- > 0; ) each({ ...data, left, pixels: new ArrayBuffer(512) });
    return Promise.resolve();
  }

  disconnectedCallback() {
    clearTimeout(this.#timer);
  }
}

if (customElements.get("sightline-player") === undefined) {
  customElements.define("sightline-player", StandIn);
}
