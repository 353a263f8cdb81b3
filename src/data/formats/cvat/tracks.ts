// CVAT for video: the shapes of tracks, frame by frame, as images named after their frames (frame_000012). Frames between keyframes
// are written out by CVAT; `outside` marks those in which the object is not there.

import { nameOf, numberOf } from '../../datasets/coco/fields';
import { fieldsOf, listOf, textOf, type XmlFields } from '../../datasets/voc/xml-fields';
import type { AnnotatedImage } from '../annotated-image';

export interface TrackFrame {
  image: AnnotatedImage;
  /** Of a project, that of the task of the video. */
  subset?: string;
  shapes: { type: string; fields: XmlFields; place: string }[];
}

const SHAPES = ['box', 'polygon', 'mask', 'ellipse', 'points', 'polyline', 'cuboid', 'skeleton'];

export function shapesOfTracks(root: XmlFields, file: string): TrackFrame[] {
  const frames = new Map<string, TrackFrame & { number: number }>();
  const size = sizeOf(root);
  for (const [t, track] of listOf(root.track).map(fieldsOf).entries()) {
    if (!track) continue;
    const subset = nameOf(track.subset);
    for (const type of SHAPES)
      for (const shape of listOf(track[type]).map(fieldsOf)) {
        const number = numberOf(shape?.frame);
        if (!shape || number === undefined || String(shape.outside) === '1') continue;
        const name = `frame_${String(number).padStart(6, '0')}`;
        const key = `${number} ${subset ?? ''}`;
        const frame = frames.get(key) ?? {
          number,
          subset,
          image: { names: [`${name}.PNG`, `${name}.png`, `${name}.jpg`, name], file, size, objects: [] },
          shapes: [],
        };
        frames.set(key, frame);
        const label = track.label ?? shape.label;
        const place = `<${type}> of track ${t + 1}, frame ${number}, in "${file}"`;
        frame.shapes.push({ type, fields: { ...shape, label }, place });
      }
  }
  return [...frames.values()].sort((a, b) => a.number - b.number);
}

function sizeOf(root: XmlFields): AnnotatedImage['size'] {
  const meta = fieldsOf(root.meta);
  const holders = [meta?.task, meta?.job, meta].map(fieldsOf);
  const given = holders.map((holder) => fieldsOf(holder?.original_size)).find(Boolean);
  const [width, height] = [Number(textOf(given?.width)), Number(textOf(given?.height))];
  return width > 0 && height > 0 ? { width, height } : undefined;
}
