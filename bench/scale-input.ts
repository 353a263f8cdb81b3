// Annotation files as large as COCO's and Objects365's training sets, seeded and written as a stream, with image files that are
// links to a few: what `bench/scale.ts` measures the loading of.

import { closeSync, linkSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { Random } from '../src/random';

export interface ScaleSet {
  images: number;
  objects: number;
  classes: number;
  /** Polygons, as many points as COCO's have. */
  polygons: boolean;
  /** The path of image i below the image folder. */
  nameOf(i: number): string;
}

export const SCALE_SETS: Record<string, ScaleSet> = {
  coco: {
    images: 118_000,
    objects: 860_000,
    classes: 80,
    polygons: true,
    nameOf: (i) => `${String(i + 1).padStart(12, '0')}.jpg`,
  },
  objects365: {
    images: 1_700_000,
    objects: 25_000_000,
    classes: 365,
    polygons: false,
    nameOf: (i) => `patch${Math.floor(i / 34_000)}/objects365_v2_${String(i + 1).padStart(8, '0')}.jpg`,
  },
};

/** A share of a set, images and objects alike. */
export const shareOf = (set: ScaleSet, share: number): ScaleSet => ({
  ...set,
  images: Math.max(1, Math.round(set.images * share)),
  objects: Math.max(1, Math.round(set.objects * share)),
});

export const classNames = ({ classes }: ScaleSet): string[] =>
  Array.from({ length: classes }, (_, c) => `class ${c + 1}`);

const [WIDTH, HEIGHT] = [640, 480];
/** Links to one file: file systems have a limit. */
const LINKS = 30_000;
const BUFFERED = 2 ** 22;

const hundredths = (v: number): number => Math.round(v * 100) / 100;

/** A text file written in large pieces. */
class TextStream {
  private parts: string[] = [];
  private length = 0;
  private readonly file: number;

  constructor(name: string) {
    this.file = openSync(name, 'w');
  }

  write(text: string): void {
    this.parts.push(text);
    this.length += text.length;
    if (this.length > BUFFERED) this.flush();
  }

  private flush(): void {
    writeSync(this.file, this.parts.join(''));
    this.parts = [];
    this.length = 0;
  }

  close(): void {
    this.flush();
    closeSync(this.file);
  }
}

/** A polygon in the box, with 8 to 40 points, as COCO writes them. */
function polygonIn(x: number, y: number, w: number, h: number, random: Random): string {
  const count = 8 + random.integer(33);
  const points: string[] = [];
  for (let i = 0; i < count; i++) {
    const angle = (2 * Math.PI * i) / count;
    const radius = random.uniform(0.4, 0.5);
    const px = x + w * (0.5 + radius * Math.cos(angle));
    points.push(`${hundredths(px)}, ${hundredths(y + h * (0.5 + radius * Math.sin(angle)))}`);
  }
  return `[[${points.join(', ')}]]`;
}

/** Writes `annotations.json` and `images/` into the folder; spaces after separators as Python's json.dump has them. */
export async function writeScaleSet(folder: string, set: ScaleSet): Promise<void> {
  await writeImages(path.join(folder, 'images'), set);
  const random = Random.seeded(18);
  const out = new TextStream(path.join(folder, 'annotations.json'));
  out.write('{"info": {"description": "generated"}, "licenses": [{"id": 1, "name": "none", "url": ""}], "images": [');
  for (let i = 0; i < set.images; i++) {
    const name = set.nameOf(i);
    const urls = set.polygons
      ? `"coco_url": "http://images.example/${name}", "date_captured": "2013-11-14 17:02:52", "flickr_url": "http://farm.example/${i}_z.jpg", `
      : '';
    out.write(
      `${i === 0 ? '' : ', '}{"license": 1, "file_name": "${name}", ${urls}"height": ${HEIGHT}, "width": ${WIDTH}, "id": ${i + 1}}`,
    );
  }
  out.write('], "annotations": [');
  for (let i = 0; i < set.objects; i++) {
    const [w, h] = [hundredths(random.uniform(8, 200)), hundredths(random.uniform(8, 160))];
    const [x, y] = [hundredths(random.uniform(0, WIDTH - w)), hundredths(random.uniform(0, HEIGHT - h))];
    const outline = set.polygons ? `"segmentation": ${polygonIn(x, y, w, h, random)}, ` : '';
    out.write(
      `${i === 0 ? '' : ', '}{${outline}"area": ${set.polygons ? w * h * 0.7 : w * h}, "iscrowd": 0, ` +
        `"image_id": ${1 + random.integer(set.images)}, "bbox": [${x}, ${y}, ${w}, ${h}], ` +
        `"category_id": ${1 + random.integer(set.classes)}, "id": ${i + 1}}`,
    );
  }
  const categories = classNames(set).map((name, c) => ({ supercategory: 'thing', id: c + 1, name }));
  out.write(`], "categories": ${JSON.stringify(categories)}}`);
  out.close();
}

async function writeImages(folder: string, set: ScaleSet): Promise<void> {
  const noise = { type: 'gaussian' as const, mean: 120, sigma: 30 };
  const bytes = await sharp({ create: { width: WIDTH, height: HEIGHT, channels: 3, background: '#000', noise } })
    .jpeg()
    .toBuffer();
  mkdirSync(folder, { recursive: true });
  let made = '';
  let source = '';
  for (let i = 0; i < set.images; i++) {
    const file = path.join(folder, set.nameOf(i));
    const parent = path.dirname(file);
    if (parent !== made) mkdirSync(parent, { recursive: true });
    made = parent;
    if (i % LINKS === 0) writeFileSync((source = file), bytes);
    else linkSync(source, file);
  }
}
