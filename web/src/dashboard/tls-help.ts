// Explains a page without TLS: on another machine's address the browser gives
// WebGPU to secure pages only, so the relay's certificate must be trusted.

import { type Child, h } from "./dom.ts";
import type { RelayInfo } from "./messages.ts";
import { notice } from "./notice.ts";

interface System {
  readonly name: string;
  readonly steps: readonly string[];
}

const systems: readonly System[] = [
  {
    name: "Windows",
    steps: [
      "Save ca.pem as sightline-ca.crt and open it.",
      "Choose Install Certificate, Current User, and place it in Trusted Root Certification Authorities.",
      "Close all windows of the browser and open it again.",
    ],
  },
  {
    name: "macOS",
    steps: [
      "Open ca.pem: Keychain Access adds it to the login keychain.",
      "Open its entry there, unfold Trust, and set When using this certificate to Always Trust.",
      "Quit the browser and open it again.",
    ],
  },
  {
    name: "Linux",
    steps: [
      "Chrome, Edge: Settings, Privacy and security, Security, Manage certificates, Authorities, Import ca.pem, and trust it for websites.",
      "Firefox: Settings, Privacy & Security, View Certificates, Authorities, Import ca.pem.",
    ],
  },
  {
    name: "Android",
    steps: [
      "Save ca.pem on the device.",
      "Settings, Security, Encryption & credentials, Install a certificate, CA certificate, and choose the file.",
    ],
  },
  {
    name: "iPhone, iPad",
    steps: [
      "Open ca.pem in Safari and allow the profile.",
      "Settings, General, VPN & Device Management: install the profile.",
      "Settings, General, About, Certificate Trust Settings: switch it on.",
    ],
  },
];

/** The address of this same page with TLS, if the relay has one. */
export function secureAddress(
  relay: RelayInfo | null,
  here: { readonly hostname: string; readonly pathname: string; readonly search: string },
): string | null {
  const secure = (relay?.urls ?? []).flatMap((text) => {
    try {
      const url = new URL(text);
      return url.protocol === "https:" ? [url] : [];
    } catch {
      return [];
    }
  });
  const best = secure.find((u) => u.hostname === here.hostname) ?? secure[0];
  return best === undefined ? null : new URL(here.pathname + here.search, best).href;
}

/** The banner for a page without TLS. */
export function tlsHelp(relay: RelayInfo | null, here: Location, open: boolean): HTMLElement {
  const address = secureAddress(relay, here);
  const steps: Child[] = [];
  if (relay !== null && relay.tlsMode === "off") {
    steps.push(
      h(
        "p",
        {},
        "The relay has TLS switched off. Set ",
        h("code", {}, "http: {tls: auto}"),
        " in its configuration and start it again: it then makes a certificate for all its names and addresses.",
      ),
    );
  } else {
    steps.push(
      h(
        "p",
        {},
        "Once on each device: download the relay's certificate, ",
        h(
          "a",
          { href: relay?.ca.startsWith("/") ? relay.ca : "/ca.pem", download: "ca.pem" },
          "ca.pem",
        ),
        ", and have the device trust it.",
      ),
      h(
        "div",
        { class: "systems" },
        ...systems.map((s) =>
          h("section", {}, h("h3", {}, s.name), h("ol", {}, ...s.steps.map((t) => h("li", {}, t)))),
        ),
      ),
      address !== null && h("p", {}, "Then open ", h("a", { href: address }, address), "."),
    );
  }
  return notice(
    {
      code: "page-insecure",
      severity: "warning",
      title: "This page has no TLS, so the GPU stays unused",
      text: "Browsers offer WebGPU on localhost and over https only. Pictures still play, without GPU analysis and with the simple overlay.",
      fix: "",
    },
    h("details", { open }, h("summary", {}, "How to open it with TLS"), ...steps),
  );
}
