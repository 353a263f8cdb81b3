// DetNMS: greedy non-maximum suppression. A box (x1, y1, x2, y2) is suppressed when its IoU with a kept box of higher score
// exceeds the threshold. Equal scores keep the order of their indices.
#include <optional>
#include <tuple>

#include "call.h"
#include "definitions.h"
#include "precision.h"

namespace detlab {

/** Boxes best first, one array per coordinate, so that inner loops vectorise. */
struct Ranked {
  std::vector<int32_t> order;
  std::vector<float> x1, y1, x2, y2, area;
  float offset;

  Ranked(const float* box, const float* score, int64_t n, float offset)
      : order(n), x1(n), y1(n), x2(n), y2(n), area(n), offset(offset) {
    for (int64_t i = 0; i < n; i++) order[i] = static_cast<int32_t>(i);
    auto rank = [](float s) { return std::isnan(s) ? -std::numeric_limits<float>::infinity() : s; };
    std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return rank(score[a]) > rank(score[b]); });
    for (int64_t i = 0; i < n; i++) {
      const float* b = box + 4 * order[i];
      x1[i] = b[0], y1[i] = b[1], x2[i] = b[2], y2[i] = b[3];
      area[i] = (b[2] - b[0] + offset) * (b[3] - b[1] + offset);
    }
  }

  int64_t size() const { return static_cast<int64_t>(order.size()); }

  /** IoU of boxes i and j; not a number where both are empty. */
  float overlap(int64_t i, int64_t j) const {
    float left = x1[i] > x1[j] ? x1[i] : x1[j], right = x2[i] < x2[j] ? x2[i] : x2[j];
    float top = y1[i] > y1[j] ? y1[i] : y1[j], bottom = y2[i] < y2[j] ? y2[i] : y2[j];
    float w = right - left + offset, h = bottom - top + offset;
    w = w > 0 ? w : 0;
    h = h > 0 ? h : 0;
    float inner = w * h;
    return inner / (area[i] + area[j] - inner);
  }
};

/** Marks what box i suppresses among the boxes after it. */
static void sweep(const Ranked& boxes, int64_t i, float threshold, int32_t* suppressed) {
  const float ax1 = boxes.x1[i], ay1 = boxes.y1[i], ax2 = boxes.x2[i], ay2 = boxes.y2[i], aArea = boxes.area[i];
  const float *bx1 = boxes.x1.data(), *by1 = boxes.y1.data(), *bx2 = boxes.x2.data(), *by2 = boxes.y2.data();
  const float *bArea = boxes.area.data(), offset = boxes.offset;
  const int64_t n = boxes.size();
  for (int64_t j = i + 1; j < n; j++) {
    float left = ax1 > bx1[j] ? ax1 : bx1[j], right = ax2 < bx2[j] ? ax2 : bx2[j];
    float top = ay1 > by1[j] ? ay1 : by1[j], bottom = ay2 < by2[j] ? ay2 : by2[j];
    float w = right - left + offset, h = bottom - top + offset;
    w = w > 0 ? w : 0;
    h = h > 0 ? h : 0;
    float overlap = w * h;
    suppressed[j] |= overlap / (aArea + bArea[j] - overlap) > threshold;
  }
}

/**
 * Boxes in cells of their size: those with sides of up to 2^level are in the grid of that level, in the cell of their top
 * left corner. A box then meets only those near it, and the time grows with the boxes, not with their square.
 */
class Grid {
 public:
  Grid(const Ranked& boxes, float threshold) : boxes_(boxes), threshold_(threshold) {
    const int64_t n = boxes.size();
    std::vector<std::pair<Key, int32_t>> entries(n);
    for (int64_t i = 0; i < n; i++) {
      const float side = std::max(boxes.x2[i] - boxes.x1[i], boxes.y2[i] - boxes.y1[i]) + boxes.offset;
      const int level = side > 0 ? std::max(std::ilogb(side) + 1, kLowest) : kLowest;
      entries[i] = {{level, cell(boxes.y1[i], level), cell(boxes.x1[i], level)}, static_cast<int32_t>(i)};
    }
    std::sort(entries.begin(), entries.end());
    ranks_.resize(n);
    for (int64_t i = 0; i < n; i++) {
      const auto& [level, row, column] = entries[i].first;
      ranks_[i] = entries[i].second;
      if (levels_.empty() || levels_.back() != level) levels_.push_back(level);
      if (keys_.empty() || keys_.back() != entries[i].first) keys_.push_back(entries[i].first), starts_.push_back(i);
    }
    starts_.push_back(n);
  }

  /** Whether the grid may be used: every coordinate in the range of its cells, and no side below 0. */
  static bool fits(const Ranked& boxes) {
    for (int64_t i = 0; i < boxes.size(); i++) {
      for (float value : {boxes.x1[i], boxes.y1[i], boxes.x2[i], boxes.y2[i]})
        if (!(std::abs(value) < kRange)) return false;
      if (boxes.x2[i] < boxes.x1[i] || boxes.y2[i] < boxes.y1[i]) return false;
    }
    return true;
  }

  void suppress(int64_t i, int32_t* suppressed) const {
    for (const int level : levels_) {
      const double side = std::ldexp(1.0, level);
      // the overlap is at most the ratio of the areas
      if (side * side < 0.99 * threshold_ * boxes_.area[i]) continue;
      // of a level with long boxes, the corner may be a side away
      const int64_t left = cell(boxes_.x1[i] - side - boxes_.offset, level);
      const int64_t right = cell(boxes_.x2[i] + boxes_.offset, level);
      const int64_t top = cell(boxes_.y1[i] - side - boxes_.offset, level);
      const int64_t bottom = cell(boxes_.y2[i] + boxes_.offset, level);
      for (int64_t row = top; row <= bottom; row++) {
        auto at = std::lower_bound(keys_.begin(), keys_.end(), Key{level, row, left}) - keys_.begin();
        for (; at < static_cast<int64_t>(keys_.size()) && keys_[at] <= Key{level, row, right}; at++)
          for (int64_t k = starts_[at]; k < starts_[at + 1]; k++) {
            const int32_t j = ranks_[k];
            if (j > i && !suppressed[j]) suppressed[j] = boxes_.overlap(i, j) > threshold_;
          }
      }
    }
  }

 private:
  using Key = std::tuple<int, int64_t, int64_t>;  // level, row, column
  static constexpr int kLowest = -4;
  static constexpr float kRange = 1e7f;

  static int64_t cell(double at, int level) { return static_cast<int64_t>(std::floor(std::ldexp(at, -level))); }

  const Ranked& boxes_;
  const float threshold_;
  std::vector<int> levels_;
  std::vector<Key> keys_;        // of the cells that have boxes, ascending
  std::vector<int64_t> starts_;  // of their boxes in ranks_
  std::vector<int32_t> ranks_;
};

/** From this number of boxes on the grid is faster. */
static constexpr int64_t kGridBoxes = 4096;

static Tensor suppress(const Tensor& boxes, const Tensor& scores, float threshold, float offset) {
  const int64_t n = boxes.size(0);
  const Ranked ranked(boxes.data_ptr<float>(), scores.data_ptr<float>(), n, offset);
  std::vector<int32_t> suppressed(n, 0), kept;
  std::optional<Grid> grid;
  if (n >= kGridBoxes && threshold > 0 && Grid::fits(ranked)) grid.emplace(ranked, threshold);
  for (int64_t i = 0; i < n; i++) {
    if (suppressed[i]) continue;
    kept.push_back(ranked.order[i]);
    if (grid)
      grid->suppress(i, suppressed.data());
    else
      sweep(ranked, i, threshold, suppressed.data());
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
