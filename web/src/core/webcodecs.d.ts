// Parts of the browser that TypeScript's own list lacks.

/** Reads a track's frames (mediacapture-transform). */
interface MediaStreamTrackProcessorInit {
  track: MediaStreamTrack;
}
