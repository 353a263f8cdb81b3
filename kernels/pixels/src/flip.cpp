// Mirrors an image left to right.
#include "pixels.h"

namespace detlab {

void flipHorizontally(Image from, uint8_t* out) {
  for (int y = 0; y < from.height; y++) {
    const uint8_t* p = from.data + static_cast<size_t>(y) * from.width * 3;
    uint8_t* o = out + (static_cast<size_t>(y) * from.width + from.width - 1) * 3;
    for (int x = 0; x < from.width; x++, p += 3, o -= 3)
      for (int c = 0; c < 3; c++) o[c] = p[c];
  }
}

}  // namespace detlab
