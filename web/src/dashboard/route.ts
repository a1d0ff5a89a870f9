// What the page's address says.

/** The stream of /view/{stream} and /embed/{stream}; "" where there is none. */
export function streamOfPath(pathname: string): string {
  const part = pathname.split("/")[2] ?? "";
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** What whoever embeds a stream chose in the address. */
export interface EmbedOptions {
  /** Show the measurements. */
  readonly panel: boolean;
  /** Draw the overlay. */
  readonly overlay: boolean;
  /** Show the buttons when the pointer or the keyboard is over the picture. */
  readonly controls: boolean;
}

/** Reads the options of /embed/{stream}?panel=1&overlay=0&controls=0. */
export function embedOptions(search: string): EmbedOptions {
  const query = new URLSearchParams(search);
  const flag = (key: string, otherwise: boolean): boolean => {
    switch (query.get(key)?.toLowerCase()) {
      case "1":
      case "true":
      case "on":
      case "yes":
      case "":
        return true;
      case "0":
      case "false":
      case "off":
      case "no":
        return false;
      default:
        return otherwise;
    }
  };
  return {
    panel: flag("panel", false),
    overlay: flag("overlay", true),
    controls: flag("controls", true),
  };
}
