// An image as text: two pixels per character, the upper in the foreground and the lower in the background of a half block, in
// 24-bit colours where the terminal has them, else in the 6 x 6 x 6 of 256.

const MOST_COLUMNS = 120;
const HALF_BLOCK = '\u2580';
const RESET = '\x1b[0m';

const cube = (value) => Math.round((value / 255) * 5);
const trueColour = ([r, g, b]) => `2;${r};${g};${b}`;
const cubeColour = ([r, g, b]) => `5;${16 + 36 * cube(r) + 6 * cube(g) + cube(b)}`;

/** Lines of text for the bytes of an image file, as wide as the terminal but not wider than the image. */
export async function imageText(bytes, { columns = 80, env = process.env } = {}) {
  const { default: sharp } = await import('sharp'); // not yet there when the set-up begins
  const { data, info } = await sharp(bytes)
    .flatten({ background: '#ffffff' })
    .resize({ width: Math.min(columns - 1, MOST_COLUMNS), withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const colour = /truecolor|24bit/.test(env.COLORTERM ?? '') ? trueColour : cubeColour;
  const at = (x, y) => {
    const start = (Math.min(y, height - 1) * width + x) * channels;
    return colour([0, 1, 2].map((i) => data[start + Math.min(i, channels - 1)]));
  };
  const lines = [];
  for (let y = 0; y < height; y += 2) {
    let line = '';
    for (let x = 0; x < width; x++) line += `\x1b[38;${at(x, y)};48;${at(x, y + 1)}m${HALF_BLOCK}`;
    lines.push(line + RESET);
  }
  return lines;
}
