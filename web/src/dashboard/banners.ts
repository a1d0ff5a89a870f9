// Notices that concern the whole page, above everything else: the relay does
// not answer, its own conditions, a new version, a page without TLS.

import type { Condition } from "../core/snapshot.ts";
import { h } from "./dom.ts";
import { duration } from "./format.ts";
import type { RelayInfo } from "./messages.ts";
import { fingerprint, notice } from "./notice.ts";
import type { Knowledge } from "./relay-feed.ts";
import { tlsHelp } from "./tls-help.ts";

/** What the page says of its link to the relay, as a condition; null when all is well. */
export function linkCondition(knowledge: Knowledge<unknown>, now: number): Condition | null {
  const { link } = knowledge;
  switch (link.kind) {
    case "unreachable": {
      const wait = Math.max(0, link.retryAt - now);
      const next = wait < 1000 ? "Trying again now." : `Next try in ${duration(wait)}.`;
      return {
        code: "relay-unreachable",
        severity: "error",
        title: "The relay does not answer",
        text: `${
          knowledge.value === null
            ? "Nothing is known of the streams yet."
            : `What you see is as of ${duration(now - link.since)} ago; pictures may still run.`
        } ${next}`,
        fix: "Check that sightline serve runs on the relay and that this machine reaches it; the page goes on by itself.",
      };
    }
    case "malformed":
      return {
        code: "relay-malformed",
        severity: "error",
        title: "The relay's answer makes no sense to this page",
        text: link.detail,
        fix: "Reload the page. If that does not help, something other than the relay answers at this address.",
      };
    default:
      return null;
  }
}

/** Shows the page's banners. */
export class Banners {
  readonly #link = h("div", { role: "status" });
  readonly #relay = h("div");
  readonly #updated = h("div");
  readonly #tls = h("div");
  #shown = "";
  #relayShown = "";
  #tlsShown = "";

  constructor(
    place: HTMLElement,
    private readonly secure: boolean = globalThis.isSecureContext,
  ) {
    place.append(this.#link, this.#updated, this.#relay, this.#tls);
  }

  /** Shows what the page knows now; call it once a second while the relay is silent. */
  update(knowledge: Knowledge<unknown>): void {
    const condition = linkCondition(knowledge, Date.now());
    const shown = condition === null ? "" : fingerprint([condition]);
    if (shown !== this.#shown) {
      const old = this.#link.querySelector(".notice-text");
      const sameKind = this.#link.firstElementChild?.getAttribute("data-code") === condition?.code;
      // Only the seconds changed: no new banner, or it would be read out anew.
      if (condition !== null && sameKind && old !== null) {
        old.textContent = condition.text;
        old.setAttribute("aria-live", "off");
      } else {
        this.#link.replaceChildren(...(condition === null ? [] : [notice(condition)]));
      }
      this.#shown = shown;
    }
    this.#showRelay(knowledge.relay);
    if (knowledge.updated && this.#updated.childElementCount === 0) this.#showUpdated();
  }

  #showRelay(relay: RelayInfo | null): void {
    const conditions = relay?.conditions ?? [];
    const shown = fingerprint(conditions);
    if (shown !== this.#relayShown) {
      this.#relayShown = shown;
      this.#relay.replaceChildren(...conditions.map((c) => notice(c)));
    }
    if (this.secure) return;
    const tls = JSON.stringify([relay?.tlsMode, relay?.ca, relay?.urls]);
    if (tls !== this.#tlsShown) {
      const open = this.#tls.querySelector("details")?.open ?? false;
      this.#tlsShown = tls;
      this.#tls.replaceChildren(tlsHelp(relay, location, open));
    }
  }

  #showUpdated(): void {
    const reload = h("button", { class: "button text", type: "button" }, "Reload");
    reload.addEventListener("click", () => location.reload());
    this.#updated.append(
      notice(
        {
          code: "relay-updated",
          severity: "info",
          title: "The relay runs a new version",
          text: "This page is of the version before.",
          fix: "",
        },
        reload,
      ),
    );
  }
}
