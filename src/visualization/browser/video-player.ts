// Plays frames with boxes: play and pause, a slider of the time, one of the score, switches of classes. Space plays, arrows go from
// frame to frame.

interface VideoFrameData extends LiveImageData {
  /** Among all frames of the video. */
  number: number;
  /** Seconds. */
  time: number;
  /** Base64. */
  jpeg: string;
}

interface VideoData {
  legend: LiveLegend;
  view: LiveView;
  fontSize: number;
  lineWidth: number;
  width: number;
  note: string;
  frames: VideoFrameData[];
}

const VIDEO_STYLE = `
.detlab-video{max-width:100%;outline-offset:2px}
.detlab-video-stage{position:relative;overflow:hidden}
.detlab-video-stage canvas,.detlab-video-stage svg{display:block;position:absolute;width:100%;height:100%;left:0;top:0}
.detlab-video-time{display:flex;gap:10px;align-items:center;margin:6px 0}
.detlab-video-time button{font:inherit;color:inherit;background:transparent;border:1px solid color-mix(in srgb,currentColor 35%,transparent);border-radius:6px;width:34px;height:26px;padding:0;cursor:pointer}
.detlab-video-time input{flex:1 1 auto;min-width:60px;accent-color:#0a84ff;margin:0}
.detlab-video-time output{font-variant-numeric:tabular-nums;white-space:nowrap;min-width:11em;text-align:right}`;

/** Seconds between two frames where there is no next one. */
const VIDEO_LAST = 0.5;

function showVideo(root: HTMLElement, data: VideoData): void {
  const place = root.querySelector<HTMLElement>('.detlab-live') ?? root;
  if (data.frames.length > 0) new VideoPlay(place, data);
}

class VideoPlay {
  private readonly view: { -readonly [K in keyof LiveView]: LiveView[K] };
  private readonly hidden = new Set<number>();
  private readonly pictures: HTMLImageElement[];
  private readonly stage = liveElement('div', 'detlab-video-stage');
  private readonly canvas = document.createElement('canvas');
  private readonly svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  private readonly button = document.createElement('button');
  private readonly slider = Object.assign(document.createElement('input'), { type: 'range', min: '0', step: '1' });
  private readonly output = document.createElement('output');
  private readonly measure: (text: string) => number;
  private switches!: LiveSwitches;
  private at = 0;
  private isPlaying = false;

  constructor(
    root: HTMLElement,
    private readonly data: VideoData,
  ) {
    this.view = { ...data.view };
    const context = document.createElement('canvas').getContext('2d');
    if (context) context.font = `600 ${data.fontSize}px "DejaVu Sans","Segoe UI","Helvetica Neue",Arial,sans-serif`;
    this.measure = (text) => context?.measureText(text).width ?? text.length * data.fontSize * 0.6;
    this.pictures = data.frames.map(({ jpeg }, i) => {
      const picture = new Image();
      picture.onload = () => {
        if (this.at === i) this.draw();
      };
      picture.src = `data:image/jpeg;base64,${jpeg}`;
      return picture;
    });
    const style = document.createElement('style');
    style.textContent = LIVE_STYLE + VIDEO_STYLE;
    const [first] = data.frames;
    const player = liveElement('div', 'detlab-video');
    player.style.width = `${Math.min(data.width, (data.width * first.width) / first.height)}px`;
    player.tabIndex = 0;
    player.setAttribute('role', 'group');
    player.setAttribute('aria-label', `video ${first.name.replace(/#\d+$/, '')}`);
    player.addEventListener('keydown', (event) => this.onKey(event));
    this.stage.style.aspectRatio = `${first.width} / ${first.height}`;
    this.stage.append(this.canvas, this.svg);
    player.append(this.stage, this.timeBar());
    root.replaceChildren(style, this.bar(), player, liveElement('div', 'detlab-live-note', data.note));
    new ResizeObserver(() => this.draw()).observe(this.stage);
    this.draw();
  }

  private bar(): HTMLElement {
    const bar = liveElement('div', 'detlab-live-bar');
    const { legend, frames } = this.data;
    const score = liveSlider('score from ', this.view.threshold, (threshold) => {
      this.view.threshold = threshold;
      this.draw();
    });
    const present = [...new Set(frames.flatMap(({ boxes }) => boxes.map((box) => box[4])))].sort((a, b) => a - b);
    this.switches = liveSwitches(present, legend.classes, legend.colors, this.hidden, () => this.draw());
    bar.append(score.element, this.switches.element);
    return bar;
  }

  private timeBar(): HTMLElement {
    const bar = liveElement('div', 'detlab-video-time');
    this.button.type = 'button';
    this.slider.max = String(this.data.frames.length - 1);
    this.slider.value = '0';
    this.slider.setAttribute('aria-label', 'frame');
    this.slider.addEventListener('input', () => this.show(Number(this.slider.value)));
    this.button.addEventListener('click', () => this.play(!this.isPlaying));
    bar.append(this.button, this.slider, this.output);
    this.play(false);
    return bar;
  }

  private onKey(event: KeyboardEvent): void {
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLButtonElement) return;
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === ' ') this.play(!this.isPlaying);
    else if (step !== undefined) {
      this.play(false);
      this.show(Math.min(this.data.frames.length - 1, Math.max(0, this.at + step)));
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  private play(isPlaying: boolean): void {
    this.isPlaying = isPlaying;
    this.button.textContent = isPlaying ? '\u275a\u275a' : '\u25b6';
    this.button.setAttribute('aria-label', isPlaying ? 'pause' : 'play');
    if (!isPlaying) return;
    if (this.at === this.data.frames.length - 1) this.show(0);
    this.later();
  }

  /** Shows the next frame when its time has come, and ends at the last; a player that was taken from the page stops. */
  private later(): void {
    const { frames } = this.data;
    const [now, next] = [frames[this.at], frames[this.at + 1]];
    const seconds = next ? next.time - now.time : VIDEO_LAST;
    setTimeout(() => {
      if (!this.isPlaying || !this.stage.isConnected) return;
      if (!next) {
        this.play(false);
        return;
      }
      this.show(this.at + 1);
      this.later();
    }, 1000 * seconds);
  }

  private show(at: number): void {
    this.at = at;
    this.slider.value = String(at);
    this.draw();
  }

  private draw(): void {
    const { frames, legend, fontSize, lineWidth } = this.data;
    const frame = frames[this.at];
    const picture = this.pictures[this.at];
    if (picture.complete && picture.naturalWidth > 0) {
      if (this.canvas.width !== picture.naturalWidth) this.canvas.width = picture.naturalWidth;
      if (this.canvas.height !== picture.naturalHeight) this.canvas.height = picture.naturalHeight;
      this.canvas.getContext('2d')?.drawImage(picture, 0, 0);
    }
    const unit = frame.width / (this.stage.clientWidth || this.data.width);
    const place = { x: 0, y: 0, width: frame.width, height: frame.height, unit, fontSize, lineWidth };
    this.svg.setAttribute('viewBox', `0 0 ${frame.width} ${frame.height}`);
    this.view.hiddenClasses = [...this.hidden];
    const items = liveItems(frame, legend, this.view);
    this.svg.innerHTML = liveDrawing(items, place, this.measure);
    const confident = frame.boxes.filter((box) => (box[5] ?? 1) >= this.view.threshold);
    this.switches.setCounts((label) => confident.filter((box) => box[4] === label).length);
    const boxes = `${items.length} ${items.length === 1 ? 'box' : 'boxes'}`;
    this.output.textContent = `${frame.time.toFixed(2)} s \u00b7 frame ${frame.number} \u00b7 ${boxes}`;
  }
}
