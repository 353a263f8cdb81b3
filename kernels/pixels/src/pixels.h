// 8-bit images as rows of pixels of three channels, and what is computed of them. All arithmetic is OpenCV's, so that the
// values are those of cv2 bit for bit; src/data/pixels has the same in TypeScript.
#pragma once

#include <cstddef>
#include <cstdint>

namespace detlab {

struct Image {
  const uint8_t* data;  // [height, width, 3]
  int width;
  int height;
};

struct Canvas {
  uint8_t* data;  // [height, width, 3]
  int width;
  int height;
};

/** The source column or row before each target, and the share of the one after it, in 2^-11. */
struct Tap {
  int from;
  int16_t before;
  int16_t after;
};

void resizeBilinear(Image from, Canvas to);

/** A window of an image that is resized, and mirrored where asked, before it is mixed. */
struct Jitter {
  int width;  // of the whole resized image
  int height;
  bool flip;
  int left;  // of the window
  int top;
  uint8_t colour[3];  // of the window outside the resized image
};

/** The mean of `image` and the window of its size; the other image is resized in double precision, then truncated. */
void mixWindow(Image image, Image other, const Jitter& jitter, uint8_t* out);

/** @param inverse 3 x 3, row-major, from output to image coordinates */
void warpPerspective(Image from, const double* inverse, const uint8_t* colour, Canvas to);

/** Colours in h, s and v, each looked up in its table of 256, and back. `blue`: index of that channel, 0 or 2. */
void recolour(Image from, int blue, const uint8_t* tables, uint8_t* out);
void toHsv(Image from, int blue, uint8_t* h, uint8_t* s, uint8_t* v);
void fromHsv(const uint8_t* h, const uint8_t* s, const uint8_t* v, int blue, Canvas to);

void flipHorizontally(Image from, uint8_t* out);

}  // namespace detlab
