// Opens whatever a model is to predict on: files, folders, patterns, addresses, bytes, pixels, videos, cameras, and lists and
// streams of them. What cannot be used in a list is named and left out; alone it is an error.

import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DetLabError, nameOfValue } from '../../errors';
import { publicAddress } from '../../remote/request';
import { decodeImage } from '../loading/decode';
import { firstFrameNotice, frameCount } from '../loading/frame-count';
import { meantFile } from '../loading/meant-file';
import { type FoundFiles, filesOfFolder, filesOfPattern, isPattern, isVideoName } from './image-files';
import { openSequence } from './image-sequence';
import { type PixelInput, pixelsOf } from './pixels-of';
import { fetchImage } from './remote-image';
import {
  isProblem,
  type OpenedSource,
  type ReadImage,
  rereadable,
  type SourceImage,
  type SourceProblem,
} from './source-image';
import { type FrameOptions, keptAsJpeg, openCamera, openVideo } from './video-frames';

/** One image: the path or address (http, https, file, data) of a file, its bytes, or pixels. */
export type ImageInput = string | URL | Uint8Array | PixelInput;

/** Images, also folders, patterns and videos; or a stream of images, such as the frames of a program. */
export type ImageInputs = Iterable<ImageInput> | AsyncIterable<ImageInput>;

/** The path relative to the working directory, or only the file name, so that a shared notebook shows no private path. */
export function shortPath(file: string): string {
  const relative = path.relative(process.cwd(), file);
  return relative.startsWith('..') || path.isAbsolute(relative) ? path.basename(file) : relative;
}

/**
 * @throws DetLabError for a single source that is not there, holds no images or has no form that is known
 * @example const { images } = await openSource(['a.jpg', 'photos/', 'more/*.png'])
 */
export async function openSource(source: unknown, options: FrameOptions = {}): Promise<OpenedSource> {
  if (typeof source === 'string' || source instanceof URL) return openText(String(source), options);
  if (isImageValue(source)) return single((notices) => ({ name: 'image', read: () => readValue(source, notices) }));
  if (Array.isArray(source)) return openList(source, options);
  if (typeof source === 'object' && source !== null && (Symbol.asyncIterator in source || Symbol.iterator in source))
    return openStream(source as Iterable<unknown> | AsyncIterable<unknown>, options);
  const camera = typeof source === 'number' ? `. A camera is 'camera:${source}'` : '';
  throw new DetLabError(
    `Cannot predict on ${nameOfValue(source)}: expected images: paths, folders, patterns, addresses, bytes, pixels, a video, ` +
      `a camera, or a list or stream of images${camera}`,
  );
}

/** Bytes and pixels; what has neither is refused by `pixelsOf`. */
const isImageValue = (value: unknown): value is Uint8Array | PixelInput =>
  value instanceof Uint8Array ||
  (typeof value === 'object' &&
    value !== null &&
    ('data' in value || 'getContext' in value || ('shape' in value && 'dtype' in value)));

async function readValue(value: Uint8Array | PixelInput, notices: string[]): Promise<ReadImage> {
  if (value instanceof Uint8Array) await noteFrames(value, 'image', notices);
  const read = () => (value instanceof Uint8Array ? decodeImage(value) : pixelsOf(value));
  const pixels = await read();
  // a canvas or a tensor may be another one by then
  return value instanceof Uint8Array ? rereadable(pixels, read) : { pixels, again: async () => pixels };
}

async function* listed<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list;
}

function single(image: (notices: string[]) => SourceImage): OpenedSource {
  const notices: string[] = [];
  return { kind: 'image', images: listed([image(notices)]), total: 1, notices };
}

/** Notes that of an animation, or of several pages, the first image alone is used. */
async function noteFrames(source: string | Uint8Array, name: string, notices: string[]): Promise<void> {
  const notice = firstFrameNotice(name, await frameCount(source));
  if (notice !== undefined) notices.push(notice);
}

function ofFile(file: string, notices: string[]): SourceImage {
  const name = shortPath(file);
  const decode = () => decodeImage(file);
  async function read(): Promise<ReadImage> {
    await noteFrames(file, name, notices);
    return rereadable(await decode(), decode);
  }
  return { name, file: path.resolve(file), read };
}

const CAMERA = /^(camera(:.*)?|\/dev\/video\d+)$/;
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;

async function openText(text: string, options: FrameOptions): Promise<OpenedSource> {
  if (text.trim() === '') throw new DetLabError('Cannot predict on "": expected the path or address of images');
  if (CAMERA.test(text)) return openCamera(text, options);
  const scheme = existsSync(text) ? undefined : SCHEME.exec(text)?.[1].toLowerCase();
  if (scheme === 'data') return single((notices) => ofDataAddress(text, notices));
  if (scheme === 'file') return openPath(fileOfAddress(text), options);
  if (scheme === 'http' || scheme === 'https') return single((notices) => ofAddress(text, notices));
  if (text.includes('://'))
    throw new DetLabError(
      `Cannot predict on "${text}": expected http, https, file or data of an address, received "${scheme}". ` +
        'Download it, and give the file',
    );
  return openPath(text, options);
}

function ofAddress(address: string, notices: string[]): SourceImage {
  const name = publicAddress(address);
  if (!URL.canParse(address)) throw new DetLabError(`Cannot predict on "${name}": this is no address`);
  if (isVideoName(name))
    throw new DetLabError(`Cannot predict on "${name}": a video is read from a file. Download it, and give the file`);
  return {
    name,
    async read(signal) {
      const bytes = await fetchImage(address, { signal });
      await noteFrames(bytes, name, notices);
      const read = () => decodeImage(bytes, undefined, 'cv2', name);
      return rereadable(await read(), read);
    },
  };
}

function fileOfAddress(address: string): string {
  try {
    return fileURLToPath(address);
  } catch (error) {
    throw new DetLabError(`Cannot predict on "${address}": ${(error as Error).message}`);
  }
}

/** `data:image/png;base64,iVBOR...` */
function ofDataAddress(address: string, notices: string[]): SourceImage {
  const name = 'data address';
  const comma = address.indexOf(',');
  const isBase64 = /;\s*base64\s*$/i.test(address.slice(0, Math.max(0, comma)));
  const bytesOf = () => {
    const content = address.slice(comma + 1);
    if (comma < 0) throw new DetLabError('Cannot predict on a data address: expected data:image/png;base64,...');
    const plain = content.replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
    return Buffer.from(plain, isBase64 ? 'base64' : 'latin1');
  };
  const decode = async () => decodeImage(bytesOf(), undefined, 'cv2', name);
  async function read(): Promise<ReadImage> {
    await noteFrames(bytesOf(), name, notices);
    return rereadable(await decode(), decode);
  }
  return { name, read };
}

async function openPath(text: string, options: FrameOptions): Promise<OpenedSource> {
  const stat = statSync(text, { throwIfNoEntry: false });
  if (stat?.isDirectory()) return openFound(filesOfFolder(text), `the folder "${shortPath(text) || text}"`, options);
  if (stat && isVideoName(text)) return openVideo(path.resolve(text), shortPath(text), options);
  if (stat) return (await openSequence(text, shortPath(text), options)) ?? single((notices) => ofFile(text, notices));
  if (isPattern(text)) return openFound(filesOfPattern(text), `"${text}"`, options);
  throw new DetLabError(`Cannot find image "${text}": there is no such file or folder.${meantFile(text)}`);
}

/** Images of a folder or pattern; its videos where it has nothing else. */
function openFound({ images, videos }: FoundFiles, what: string, options: FrameOptions): OpenedSource {
  if (images.length === 0 && videos.length === 0)
    throw new DetLabError(
      `Cannot predict on ${what}: no image is ${what.startsWith('the folder') ? "in it. Images in its folders: 'folder/**'" : 'matched by it'}`,
    );
  if (images.length === 0) return openList(videos, options);
  const notices =
    videos.length === 0
      ? []
      : [`${videos.length} ${videos.length === 1 ? 'video' : 'videos'} of ${what} not used: give them by name`];
  const opened: OpenedSource = { kind: 'images', images: each(), total: images.length, notices };
  async function* each(): AsyncGenerator<SourceImage | SourceProblem> {
    for (const file of images) {
      if (options.signal?.aborted) return;
      const several = await openSequence(file, shortPath(file), options);
      if (several) yield* counted(several, opened);
      else yield ofFile(file, notices);
    }
  }
  return opened;
}

/** What a file of several images holds, which count in the total of the whole, as do its notices. */
async function* counted(
  { images, total = 1, notices }: OpenedSource,
  whole: OpenedSource,
): AsyncGenerator<SourceImage | SourceProblem> {
  if (whole.total !== undefined) whole.total += total - 1;
  yield* images;
  whole.notices.push(...notices.splice(0));
}

/** Each as if it were alone. What cannot be opened is left out by name. */
function openList(list: readonly unknown[], options: FrameOptions): OpenedSource {
  const isCounted = list.every((one) => isImageValue(one) || (typeof one === 'string' && isOneFile(one)));
  const whole: OpenedSource = {
    kind: 'images',
    images: images(),
    notices: [],
    ...(isCounted && { total: list.length }),
  };
  async function* images(): AsyncGenerator<SourceImage | SourceProblem> {
    for (const [i, one] of list.entries()) {
      if (options.signal?.aborted) return;
      yield* partOf(one, list.length > 1 ? `image ${i + 1}` : 'image', options, whole);
    }
  }
  return whole;
}

const isOneFile = (text: string): boolean =>
  !isVideoName(text) &&
  !CAMERA.test(text) &&
  statSync(text, { throwIfNoEntry: false })?.isDirectory() !== true &&
  !isPattern(text);

async function* partOf(
  one: unknown,
  name: string,
  options: FrameOptions,
  whole: OpenedSource,
): AsyncGenerator<SourceImage | SourceProblem> {
  const { notices } = whole;
  try {
    const opened = await openSource(one, options);
    if (whole.total !== undefined) whole.total += (opened.total ?? 1) - 1;
    for await (const image of opened.images)
      yield isProblem(image) ? image : notingInto(notices, opened, image.name === 'image' ? { ...image, name } : image);
    moveNotices(opened, notices);
  } catch (error) {
    if (!(error instanceof DetLabError)) throw error;
    yield { name: typeof one === 'string' ? one : name, message: error.message };
  }
}

function moveNotices({ notices: of }: OpenedSource, notices: string[]): void {
  notices.push(...of.splice(0));
}

/** An image of a part: what is noted while it is read is of the whole. */
const notingInto = (notices: string[], opened: OpenedSource, image: SourceImage): SourceImage => ({
  ...image,
  async read(signal) {
    try {
      return await image.read(signal);
    } finally {
      moveNotices(opened, notices);
    }
  },
});

/** Images as a program makes them: each is asked for when the one before was read. */
function openStream(
  stream: Iterable<unknown> | AsyncIterable<unknown>,
  { maxFrames, signal }: FrameOptions,
): OpenedSource {
  const whole: OpenedSource = {
    kind: 'images',
    images: images(),
    notices: [],
    ...(maxFrames !== undefined && { total: maxFrames }),
  };
  async function* images(): AsyncGenerator<SourceImage | SourceProblem> {
    let index = 0;
    for await (const one of stream) {
      if (signal?.aborted || index === maxFrames) return;
      const name = `frame ${index++}`;
      if (typeof one === 'string' || one instanceof URL) yield* partOf(one, name, { signal }, whole);
      else yield await ofFrame(one, name);
      if (index === maxFrames) return;
    }
  }
  return whole;
}

/** Read before the next is asked for: the caller may write it into the same memory, or dispose of a tensor. */
async function ofFrame(one: unknown, name: string): Promise<SourceImage | SourceProblem> {
  try {
    if (!isImageValue(one)) throw new DetLabError(`expected an image, received ${nameOfValue(one)}`);
    const pixels = one instanceof Uint8Array ? await decodeImage(one) : copied(await pixelsOf(one));
    return { name, read: () => keptAsJpeg(pixels) };
  } catch (error) {
    if (!(error instanceof DetLabError)) throw error;
    return { name, message: `Cannot predict on ${name}: ${error.message}` };
  }
}

const copied = <T extends { data: Uint8Array }>(image: T): T => ({ ...image, data: new Uint8Array(image.data) });
