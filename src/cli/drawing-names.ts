// Names of the drawings of `detlab predict --out`: each image has one, and none replaces an image that was given.

import path from 'node:path';

/**
 * Paths of the drawings in the order of the images: `a.jpg` is drawn in `a.png`, a second `a` in `a-2.png`.
 * @example drawingNames(['x/a.jpg', 'y/a.jpg'], 'out') // ['out/a.png', 'out/a-2.png']
 */
export function drawingNames(images: readonly string[], folder: string): string[] {
  const taken = new Set(images.map((image) => path.resolve(image)));
  return images.map((image) => {
    const name = path.join(folder, path.basename(image, path.extname(image)));
    let drawing = `${name}.png`;
    for (let i = 2; taken.has(path.resolve(drawing)); i++) drawing = `${name}-${i}.png`;
    taken.add(path.resolve(drawing));
    return drawing;
  });
}
