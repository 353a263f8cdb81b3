// DetNMS: greedy non-maximum suppression. A box (x1, y1, x2, y2) is suppressed when its IoU with a kept box of higher score
// exceeds the threshold. Equal scores keep the order of their indices.
#include "call.h"
#include "definitions.h"
#include "precision.h"

namespace detlab {

static Tensor suppress(const Tensor& boxes, const Tensor& scores, float threshold, float offset) {
  int64_t n = boxes.size(0);
  const float* box = boxes.data_ptr<float>();
  const float* score = scores.data_ptr<float>();
  std::vector<int32_t> order(n);
  for (int64_t i = 0; i < n; i++) order[i] = static_cast<int32_t>(i);
  auto rank = [](float s) { return std::isnan(s) ? -std::numeric_limits<float>::infinity() : s; };
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return rank(score[a]) > rank(score[b]); });

  // one array per coordinate, best first, so that the inner loop vectorises
  std::vector<float> x1(n), y1(n), x2(n), y2(n), area(n);
  for (int64_t i = 0; i < n; i++) {
    const float* b = box + 4 * order[i];
    x1[i] = b[0], y1[i] = b[1], x2[i] = b[2], y2[i] = b[3];
    area[i] = (b[2] - b[0] + offset) * (b[3] - b[1] + offset);
  }
  std::vector<int32_t> suppressed(n, 0), kept;
  for (int64_t i = 0; i < n; i++) {
    if (suppressed[i]) continue;
    kept.push_back(order[i]);
    const float ax1 = x1[i], ay1 = y1[i], ax2 = x2[i], ay2 = y2[i], aArea = area[i];
    const float *bx1 = x1.data(), *by1 = y1.data(), *bx2 = x2.data(), *by2 = y2.data(), *bArea = area.data();
    int32_t* out = suppressed.data();
    auto sweep = [&](int64_t begin, int64_t end) {
      for (int64_t j = begin; j < end; j++) {
        float left = ax1 > bx1[j] ? ax1 : bx1[j], right = ax2 < bx2[j] ? ax2 : bx2[j];
        float top = ay1 > by1[j] ? ay1 : by1[j], bottom = ay2 < by2[j] ? ay2 : by2[j];
        float w = right - left + offset, h = bottom - top + offset;
        w = w > 0 ? w : 0;
        h = h > 0 ? h : 0;
        float overlap = w * h;
        out[j] |= overlap / (aArea + bArea[j] - overlap) > threshold;
      }
    };
    sweep(i + 1, n);
  }
  Tensor result = at::empty({static_cast<int64_t>(kept.size())}, at::kInt);
  std::copy(kept.begin(), kept.end(), result.data_ptr<int32_t>());
  return result;
}

void defineNms() {
  // (boxes, scores, iouThreshold, offset) -> kept indices, best first
  defineKernel("detNms", [](Call& call) {
    Tensor boxes = call.tensor(0), scores = call.tensor(1);
    if (boxes.dim() != 2 || boxes.size(1) != 4 || scores.dim() != 1 || scores.size(0) != boxes.size(0))
      throw std::runtime_error("boxes must be [N, 4] and scores [N]");
    auto host = [](const Tensor& t) { return full(t.detach()).to(at::kCPU).to(at::kFloat).contiguous(); };
    Tensor kept = suppress(host(boxes), host(scores), float(call.number(2)), float(call.number(3)));
    return kept.to(boxes.device());
  });
}

}  // namespace detlab
