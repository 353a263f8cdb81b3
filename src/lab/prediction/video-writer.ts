// Writes frames into a video file by ffmpeg: H.264 in .mp4, VP9 in .webm, or what this ffmpeg has instead. The file is there whole
// or not at all; sound is not copied.

import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { type RunningProgram, runProgram, startProgram } from '../../data';
import { DetLabError } from '../../errors';

export interface RgbaFrame {
  data: Uint8Array;
  width: number;
  height: number;
}

interface Codec {
  encoder: string;
  options: readonly string[];
}

/** Per extension, the best first. */
const CODECS: Readonly<Record<string, readonly Codec[]>> = {
  '.mp4': [
    { encoder: 'libx264', options: ['-crf', '20', '-preset', 'veryfast', '-movflags', '+faststart'] },
    { encoder: 'libopenh264', options: ['-b:v', '4M', '-movflags', '+faststart'] },
    { encoder: 'h264_videotoolbox', options: ['-b:v', '4M', '-movflags', '+faststart'] },
    { encoder: 'mpeg4', options: ['-q:v', '3', '-movflags', '+faststart'] },
  ],
  '.webm': [
    { encoder: 'libvpx-vp9', options: ['-crf', '32', '-b:v', '0', '-deadline', 'realtime', '-cpu-used', '5'] },
    { encoder: 'libvpx', options: ['-crf', '10', '-b:v', '2M', '-deadline', 'realtime'] },
  ],
};

export const VIDEO_TARGETS: readonly string[] = Object.keys(CODECS);

export class VideoWriter {
  private program?: RunningProgram;
  private size?: { width: number; height: number };
  private count = 0;
  private readonly partial: string;

  constructor(
    readonly file: string,
    private readonly fps: number,
  ) {
    this.partial = path.join(path.dirname(path.resolve(file)), `.${crypto.randomUUID()}.partial`);
  }

  private get what(): string {
    return `write the video "${this.file}"`;
  }

  /** @throws DetLabError for a frame of another size, and when ffmpeg fails */
  async write({ data, width, height }: RgbaFrame): Promise<void> {
    this.program ??= await this.start(width, height);
    const { size, program } = this;
    if (size && (size.width !== width || size.height !== height))
      throw new DetLabError(
        `Cannot ${this.what}: its frames are ${size.width} x ${size.height}, frame ${this.count} is ${width} x ${height}. ` +
          'A video has one size',
      );
    this.count++;
    const { stdin } = program.child;
    if (!stdin || stdin.destroyed) return program.done; // why it has ended
    if (!stdin.write(data)) await Promise.race([new Promise((resolve) => stdin.once('drain', resolve)), program.done]);
  }

  /** @returns the absolute path */
  async close(): Promise<string> {
    const target = path.resolve(this.file);
    if (!this.program) throw new DetLabError(`Cannot ${this.what}: there are no frames`);
    this.program.child.stdin?.end();
    try {
      await this.program.done;
      await rename(this.partial, target);
    } catch (error) {
      await rm(this.partial, { force: true });
      throw error;
    }
    return target;
  }

  /** Leaves no file. */
  async abandon(): Promise<void> {
    this.program?.kill();
    await this.program?.done.catch(() => {});
    await rm(this.partial, { force: true });
  }

  private async start(width: number, height: number): Promise<RunningProgram> {
    this.size = { width, height };
    const extension = path.extname(this.file).toLowerCase();
    const available = await runProgram('ffmpeg', ['-hide_banner', '-encoders'], this.what);
    const codec = CODECS[extension]?.find(({ encoder }) => new RegExp(`\\b${encoder}\\b`).test(available));
    if (!codec)
      throw new DetLabError(
        `Cannot ${this.what}: this ffmpeg has no encoder for ${extension}. Use ${VIDEO_TARGETS.join(' or ')}`,
      );
    await mkdir(path.dirname(this.partial), { recursive: true });
    const input = [
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgba',
      '-s',
      `${width}x${height}`,
      '-r',
      String(this.fps),
      '-i',
      'pipe:0',
    ];
    // these formats have even sides
    const picture = ['-vf', 'pad=ceil(iw/2)*2:ceil(ih/2)*2', '-pix_fmt', 'yuv420p'];
    const coding = ['-c:v', codec.encoder, ...codec.options, '-f', extension.slice(1)];
    return startProgram(
      'ffmpeg',
      ['-hide_banner', '-v', 'error', '-y', ...input, ...picture, ...coding, `file:${this.partial}`],
      this.what,
    );
  }
}
