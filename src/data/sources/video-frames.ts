// The frames of a video file or a camera: ffmpeg turns them upright, brings them to a constant rate and writes them to a pipe as
// PPM images, which say their size themselves.

import sharp from 'sharp';
import { DetLabError } from '../../errors';
import { decodeImage } from '../loading/decode';
import { requirePixels } from '../loading/pixel-limit';
import type { PixelImage } from '../types';
import { lastLine, runProgram, startProgram } from './ffmpeg';
import { type OpenedSource, type ReadImage, rereadable, type SourceImage } from './source-image';

export interface FrameOptions {
  /** Frames a second; by default all of a video at its average rate, and 5 of a camera. */
  fps?: number;
  /** The first frames only. */
  maxFrames?: number;
  signal?: AbortSignal;
}

export interface VideoInfo {
  fps: number;
  /** Seconds, where the file says so. */
  duration?: number;
}

/** A video may not make ffmpeg open anything else: a playlist could name any file or address. */
const FILES_ONLY = ['-protocol_whitelist', 'file,pipe'];
const REFUSED_FORMATS = /^(hls|dash|concat|concatf|tty|lavfi)\b/;

/** A variable rate can be said to be huge. */
const MAX_FPS = 240;
const CAMERA_FPS = 5;
/** Milliseconds without a frame after which a source is given up. */
const SILENCE = 30_000;
const JPEG_QUALITY = 92;

/** @throws DetLabError for a file without pictures in motion, and without ffprobe */
export async function videoInfo(file: string, name = file): Promise<VideoInfo> {
  const what = `read the video "${name}"`;
  const entries = 'stream=avg_frame_rate,r_frame_rate,duration:format=format_name,duration';
  const args = ['-v', 'error', ...FILES_ONLY, '-select_streams', 'V:0', '-show_entries', entries, '-of', 'json'];
  const text = await runProgram('ffprobe', [...args, `file:${file}`], what);
  const { streams: [stream] = [], format } = parsed(text, what);
  if (REFUSED_FORMATS.test(String(format?.format_name)))
    throw new DetLabError(`Cannot ${what}: it is a list of other files (${format?.format_name}). Give a video file`);
  if (!stream) throw new DetLabError(`Cannot ${what}: it has no video, only sound or nothing`);
  const rate = [stream.avg_frame_rate, stream.r_frame_rate].map(ratio).find((value) => value > 0) ?? 25;
  const duration = [stream.duration, format?.duration].map(Number).find((value) => value > 0);
  return { fps: Math.min(MAX_FPS, rate), ...(duration !== undefined && { duration }) };
}

interface Probe {
  streams?: { avg_frame_rate?: string; r_frame_rate?: string; duration?: string }[];
  format?: { format_name?: string; duration?: string };
}

function parsed(text: string, what: string): Probe {
  try {
    return JSON.parse(text) as Probe;
  } catch {
    throw new DetLabError(`Cannot ${what}: ffprobe's answer is no JSON: ${text.slice(0, 100)}`);
  }
}

/** `30000/1001` */
function ratio(text: string | undefined): number {
  const [numerator, denominator = 1] = String(text).split('/').map(Number);
  return Number.isFinite(numerator / denominator) ? numerator / denominator : 0;
}

/** A video file as a source: its frames in order. */
export async function openVideo(
  file: string,
  name: string,
  { fps, maxFrames, signal }: FrameOptions = {},
): Promise<OpenedSource> {
  const info = await videoInfo(file, name);
  const rate = fps ?? info.fps;
  const notices: string[] = [];
  const all = info.duration === undefined ? undefined : Math.max(1, Math.round(info.duration * rate));
  const total = all === undefined ? undefined : Math.min(all, maxFrames ?? all);
  async function* images(): AsyncGenerator<SourceImage> {
    const what = `read the video "${name}"`;
    let index = 0;
    for await (const pixels of readFrames({ input: fileInput(file), fps: rate, maxFrames, signal, what, notices })) {
      const frame = index++;
      yield {
        name: `${name}#${frame}`,
        time: frame / rate,
        fps: rate,
        read: async () => rereadable(pixels, () => videoFrame(file, frame, rate, what)),
      };
    }
    // the length is what the container says: a second less is no damage
    if (index > 0 && total !== undefined && index < total - rate && !signal?.aborted)
      notices.push(
        `"${name}" has ${index} frames that can be decoded, about ${total} by its length: it is damaged or cut off`,
      );
    if (index === 0 && !signal?.aborted) throw new DetLabError(`Cannot ${what}: it has no frames that can be decoded`);
  }
  return { kind: 'video', images: images(), total, video: { file, fps: rate }, notices };
}

/** One frame by its number. */
async function videoFrame(file: string, frame: number, fps: number, what: string): Promise<PixelImage> {
  for await (const pixels of readFrames({ input: fileInput(file), fps, select: { only: frame }, what, notices: [] }))
    return pixels;
  throw new DetLabError(`Cannot ${what}: it has no frame ${frame} any more`);
}

export interface AgainOptions {
  /** Frames a second, as they were read before. */
  fps: number;
  /** Every so many frames only. */
  every?: number;
  /** Longest side, for frames that are only shown. */
  side?: number;
}

/** The frames of a video once more, to draw on them. */
export function framesAgain(file: string, name: string, { fps, every = 1, side }: AgainOptions) {
  const what = `read the video "${name}"`;
  const select = every > 1 ? { every } : undefined;
  return readFrames({ input: fileInput(file), fps, select, side, what, notices: [] });
}

const fileInput = (file: string): string[] => [...FILES_ONLY, '-i', `file:${file}`];

/** `camera:0`, `/dev/video0`: frames until `maxFrames` or Stop. */
export function openCamera(device: string, { fps = CAMERA_FPS, maxFrames, signal }: FrameOptions = {}): OpenedSource {
  const notices: string[] = [];
  const what = `read ${device}`;
  async function* images(): AsyncGenerator<SourceImage> {
    let index = 0;
    const input = cameraInput(device);
    for await (const pixels of readFrames({ input, fps, maxFrames, signal, what, notices })) {
      const frame = index++;
      yield { name: `${device}#${frame}`, time: frame / fps, fps, read: () => keptAsJpeg(pixels) };
    }
  }
  return { kind: 'video', images: images(), total: maxFrames, video: { fps }, notices };
}

/** What a camera is called to ffmpeg, by platform. */
export function cameraInput(device: string, platform: NodeJS.Platform = process.platform): string[] {
  const name = device.startsWith('camera') ? device.replace(/^camera:?/, '') || '0' : device;
  if (platform === 'darwin') return ['-f', 'avfoundation', '-framerate', '30', '-i', `${name}:none`];
  if (platform === 'win32') {
    if (/^\d+$/.test(name))
      throw new DetLabError(
        `Cannot read ${device}: on Windows a camera has a name. Use 'camera:NAME'; ffmpeg -list_devices true -f dshow -i dummy lists them`,
      );
    return ['-f', 'dshow', '-i', `video=${name}`];
  }
  return ['-f', 'v4l2', '-i', /^\d+$/.test(name) ? `/dev/video${name}` : name];
}

/** BGR to RGB. */
const SWAP: sharp.Matrix3x3 = [
  [0, 0, 1],
  [0, 1, 0],
  [1, 0, 0],
];

/** Pixels that cannot be read a second time are kept compressed. */
export async function keptAsJpeg(image: PixelImage): Promise<ReadImage> {
  const { data, width, height, order } = image;
  const raw = { width, height, channels: 3 } as const;
  const rgb = sharp(data, { raw, limitInputPixels: false });
  const swapped = order === 'rgb' ? rgb : rgb.recomb(SWAP);
  const jpeg = await swapped.jpeg({ quality: JPEG_QUALITY }).toBuffer();
  return rereadable(image, () => decodeImage(jpeg));
}

interface ReadFrames extends FrameOptions {
  input: readonly string[];
  fps: number;
  /** Default: all. */
  select?: { only: number } | { every: number };
  /** Longest side, for frames that are only shown. */
  side?: number;
  what: string;
  notices: string[];
}

/** The pipe holds ffmpeg back while a frame is used: never more than a few are in memory. */
async function* readFrames(options: ReadFrames): AsyncGenerator<PixelImage> {
  const { input, what, signal, notices } = options;
  if (signal?.aborted) return;
  const args = ['-hide_banner', '-nostdin', '-v', 'error', ...input, ...frameFilters(options), '-an', '-sn', '-dn'];
  const program = startProgram('ffmpeg', [...args, '-f', 'image2pipe', '-c:v', 'ppm', 'pipe:1'], what);
  const stop = () => program.kill();
  signal?.addEventListener('abort', stop);
  let isLate = false;
  const late = () => {
    isLate = true;
    program.kill();
  };
  let timer = setTimeout(late, SILENCE);
  const reader = new PpmReader();
  try {
    for await (const chunk of program.child.stdout as AsyncIterable<Buffer>) {
      for (const frame of reader.push(chunk)) {
        clearTimeout(timer); // of the caller's time nothing counts
        yield frame;
        if (signal?.aborted) return;
      }
      clearTimeout(timer);
      timer = setTimeout(late, SILENCE);
    }
    if (isLate) throw new DetLabError(`Cannot ${what}: no frame within ${SILENCE / 1000} seconds`);
    await program.done;
    const said = lastLine(program.said());
    if (said !== '' && !signal?.aborted) notices.push(`ffmpeg, which could ${what}, says: ${said}`);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
    program.kill();
  }
}

/** The times of the chosen frames are written anew, so that ffmpeg does not repeat frames to fill gaps. */
function frameFilters({ fps, select, side, maxFrames }: ReadFrames): string[] {
  const chosen = select && `select=${'only' in select ? `eq(n\\,${select.only})` : `not(mod(n\\,${select.every}))`}`;
  const scaled =
    side && `scale=if(gt(iw\\,ih)\\,min(${side}\\,iw)\\,-2):if(gt(iw\\,ih)\\,-2\\,min(${side}\\,ih)):flags=area`;
  const filters = [`fps=${fps}`, chosen, 'setpts=N/FRAME_RATE/TB', scaled, 'format=rgb24'].filter(Boolean);
  const count = select && 'only' in select ? 1 : maxFrames;
  return ['-map', '0:V:0', '-vf', filters.join(','), ...(count ? ['-frames:v', String(count)] : [])];
}

/** Bytes of a PPM header at most. */
const HEADER = 64;

/** Cuts a stream into PPM images: `P6`, width, height, 255, then the pixels. */
export class PpmReader {
  private rest: Buffer[] = [];
  private size = 0;
  private header?: { width: number; height: number; offset: number };

  *push(chunk: Buffer): Generator<PixelImage> {
    this.rest.push(chunk);
    this.size += chunk.length;
    while (true) {
      this.header ??= this.readHeader();
      if (!this.header) return;
      const { width, height, offset } = this.header;
      const end = offset + 3 * width * height;
      if (this.size < end) return;
      const all = this.joined();
      const data = new Uint8Array(all.subarray(offset, end)); // of its own memory
      this.rest = [all.subarray(end)];
      this.size -= end;
      this.header = undefined;
      yield { data, width, height, order: 'rgb' };
    }
  }

  private joined(): Buffer {
    if (this.rest.length > 1) this.rest = [Buffer.concat(this.rest)];
    return this.rest[0] ?? Buffer.alloc(0);
  }

  private readHeader() {
    const text = this.joined().toString('latin1', 0, HEADER);
    const match = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(text);
    if (!match && this.size < HEADER) return undefined;
    if (!match)
      throw new DetLabError(
        `Cannot read frames: expected PPM images of ffmpeg, received ${JSON.stringify(text.slice(0, 12))}`,
      );
    const [width, height] = [Number(match[1]), Number(match[2])];
    requirePixels(width, height);
    return { width, height, offset: match[0].length };
  }
}
