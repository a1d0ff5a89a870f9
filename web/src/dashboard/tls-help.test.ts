import assert from "node:assert/strict";
import { test } from "node:test";
import type { RelayInfo } from "./messages.ts";
import { secureAddress } from "./tls-help.ts";

function relay(...urls: readonly string[]): RelayInfo {
  return {
    version: "1",
    webrtcPort: 8189,
    tlsMode: "auto",
    ca: "/ca.pem",
    devices: "",
    urls,
    conditions: [],
  };
}

const here = { hostname: "10.0.0.5", pathname: "/view/gate", search: "?a=1" };

test("the same page with TLS, on the same host where there is one", () => {
  assert.equal(
    secureAddress(relay("https://relay.local:8080/", "https://10.0.0.5:8080/"), here),
    "https://10.0.0.5:8080/view/gate?a=1",
  );
  assert.equal(
    secureAddress(relay("https://relay.local:8080/"), here),
    "https://relay.local:8080/view/gate?a=1",
  );
});

test("no address is made up, nor one that runs a script", () => {
  for (const urls of [[], ["http://10.0.0.5/"], ["javascript:alert(1)"], ["not a url"]]) {
    assert.equal(secureAddress(relay(...urls), here), null, urls.join());
  }
  assert.equal(secureAddress(null, here), null);
});
