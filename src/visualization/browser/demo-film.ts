// The frames of a camera or a video file for a page that detects: each is taken when the one before is done, so that a slow
// engine sees fewer of them, never late ones.

interface DemoFrame {
  frame: ImageBitmap;
  name: string;
  /** Seconds from the start. */
  time: number;
}

/** Seconds between the frames of a video: as many as the engine takes for one, within these. */
const DEMO_STEP = { least: 0.1, most: 1 };
/** Milliseconds after which a video that gives nothing is given up. */
const DEMO_PATIENCE = 20_000;

class DemoFilm {
  isOn = true;
  private readonly stopped: Promise<void>;
  private end!: () => void;

  private constructor(
    private readonly video: HTMLVideoElement,
    private readonly name: string,
    private readonly free: () => void,
    /** Seconds; of a camera undefined. */
    readonly length?: number,
  ) {
    this.stopped = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  static async ofCamera(): Promise<DemoFilm> {
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: true });
    } catch (error) {
      const { name, message } = error as Error;
      const why = {
        NotAllowedError: 'it was not allowed. Allow it beside the address of the page, and start it again',
        NotFoundError: 'there is none',
        NotReadableError: 'another program uses it. Close that, and start it again',
      }[name];
      throw new Error(`Cannot watch the camera: ${why ?? message}`);
    }
    const free = () => {
      for (const track of stream.getTracks()) track.stop();
    };
    const video = document.createElement('video');
    video.srcObject = stream;
    try {
      await demoLoaded(video, 'watch the camera');
      await video.play();
    } catch (error) {
      free();
      throw error;
    }
    const film = new DemoFilm(video, 'camera', free);
    for (const track of stream.getTracks()) track.addEventListener('ended', () => film.stop());
    return film;
  }

  static async ofFile(file: File, name: string): Promise<DemoFilm> {
    const video = document.createElement('video');
    const address = URL.createObjectURL(file);
    const free = () => {
      video.removeAttribute('src');
      URL.revokeObjectURL(address);
    };
    video.src = address;
    try {
      await demoLoaded(video, `read the video "${name}"`);
    } catch (error) {
      free();
      throw error;
    }
    return new DemoFilm(video, name, free, Number.isFinite(video.duration) ? video.duration : undefined);
  }

  /** Until its end, or Stop. */
  async *frames(): AsyncGenerator<DemoFrame> {
    const start = performance.now();
    for (let time = 0; this.isOn; ) {
      const before = performance.now();
      const frame = this.copy();
      yield { frame, name: this.name, time };
      const seconds = (performance.now() - before) / 1000;
      if (this.video.srcObject) {
        time = (performance.now() - start) / 1000;
        // no frame twice
        await Promise.race([demoNextFrame(this.video), this.stopped]);
      } else {
        time += Math.min(DEMO_STEP.most, Math.max(DEMO_STEP.least, seconds));
        if (this.video.ended || time > this.video.duration) break;
        await Promise.race([this.seek(time), this.stopped]);
      }
    }
    this.stop();
  }

  stop(): void {
    if (!this.isOn) return;
    this.isOn = false;
    this.end();
    this.video.pause();
    this.free();
  }

  /** Of its own memory: one of the video itself keeps the decoder waiting. */
  private copy(): ImageBitmap {
    const canvas = new OffscreenCanvas(this.video.videoWidth, this.video.videoHeight);
    canvas.getContext('2d')?.drawImage(this.video, 0, 0);
    return canvas.transferToImageBitmap();
  }

  private seek(time: number): Promise<void> {
    const done = demoEvent(this.video, 'seeked', `read the video "${this.name}"`);
    this.video.currentTime = time;
    return done;
  }
}

/** A frame that was not there before. */
function demoNextFrame(video: HTMLVideoElement): Promise<void> {
  return new Promise((resolve) => {
    if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(() => resolve());
    else setTimeout(resolve, 40);
  });
}

function demoLoaded(video: HTMLVideoElement, what: string): Promise<void> {
  Object.assign(video, { muted: true, playsInline: true, preload: 'auto' });
  return demoEvent(video, 'loadeddata', what);
}

async function demoEvent(video: HTMLVideoElement, event: string, what: string): Promise<void> {
  const listening = new AbortController();
  const { signal } = listening;
  const happened = new Promise<string>((resolve) => {
    const undecoded = 'this browser cannot decode it. Convert it (ffmpeg -i FILE FILE.webm), or use detlab predict';
    video.addEventListener(event, () => resolve(video.videoWidth > 0 ? '' : undecoded), { signal });
    video.addEventListener('error', () => resolve(undecoded), { signal });
    const late = () => resolve(`nothing came within ${DEMO_PATIENCE / 1000} seconds`);
    const timer = setTimeout(late, DEMO_PATIENCE);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
  const why = await happened;
  listening.abort();
  if (why !== '') throw new Error(`Cannot ${what}: ${why}`);
}
