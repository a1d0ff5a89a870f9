// Go's own support script for WebAssembly, bundled by the build from GOROOT.
declare module "wasm_exec" {}

/** Runs a Go program; wasm_exec.js defines it on the global object. */
declare class Go {
  readonly importObject: WebAssembly.Imports;
  run(instance: WebAssembly.Instance): Promise<void>;
}

/** The client's WebAssembly file, relative to the worker's script; set by the build. */
declare const CLIENT_WASM: string;
