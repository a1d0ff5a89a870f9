// Conditions as people see them: what is wrong, why, and what to do.

import type { Condition } from "../core/snapshot.ts";
import { type Child, h } from "./dom.ts";
import { type Icon, icon } from "./icons.ts";

const severityNames = { error: "Error", warning: "Warning", info: "Note" } as const;

/** The icon of a condition. */
export function severityIcon(condition: Condition): Icon {
  if (condition.code === "viewer-not-connected") return "offline";
  return condition.severity;
}

/** A condition with its reason and its fix, and whatever else belongs to it. */
export function notice(condition: Condition, ...more: readonly Child[]): HTMLElement {
  return h(
    "section",
    { class: "notice", "data-severity": condition.severity, "data-code": condition.code },
    icon(severityIcon(condition)),
    h(
      "div",
      { class: "notice-body" },
      h(
        "p",
        { class: "notice-title" },
        h("span", { class: "quiet-only" }, `${severityNames[condition.severity]}: `),
        condition.title,
      ),
      condition.text !== "" && h("p", { class: "notice-text" }, condition.text),
      condition.fix !== "" &&
        h("p", { class: "notice-fix" }, h("b", {}, "Fix"), h("span", {}, condition.fix)),
      ...more,
    ),
  );
}

/** Tells lists of conditions apart, to draw them anew only when they changed. */
export function fingerprint(conditions: readonly Condition[]): string {
  return JSON.stringify(conditions.map((c) => [c.code, c.severity, c.title, c.text, c.fix]));
}
