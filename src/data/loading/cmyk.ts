// Images of printing inks (CMYK): each colour is the light that its ink leaves, times the light that black leaves, as in
// cv2.imread. A printing profile, which sharp would apply, gives other colours.

/** Whether the bytes are a JPEG of four components. */
export function isCmykJpeg(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return false;
  // segments: 0xff, marker, length of the rest [2 bytes]
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) return false;
    const marker = bytes[at + 1];
    if (marker === 0xff) {
      at++; // fill byte
      continue;
    }
    // start of frame: C0 to CF, except for the tables C4, C8 and CC; length, precision, height, width, components
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) return bytes[at + 9] === 4;
    at += 2 + ((bytes[at + 2] << 8) | bytes[at + 3]);
  }
  return false;
}

/** [n, channels] inks C, M, Y, K from 0 (none) to 255, and channels that are not read -> [n, 3] RGB. */
export function cmykToRgb(inks: Uint8Array, channels = 4): Uint8Array {
  const rgb = new Uint8Array((inks.length / channels) * 3);
  for (let i = 0, j = 0; i < inks.length; i += channels) {
    const light = 255 - inks[i + 3];
    // cv2's arithmetic, with its rounding: red, inks (0, 255, 255, 0), is (255, 1, 1)
    for (let c = 0; c < 3; c++) rgb[j++] = light - ((inks[i + c] * light) >> 8);
  }
  return rgb;
}
