// DetRoIAlign: average-pooled RoIAlign (He et al., 2017) with MMCV's conventions. A region's sampling grid is separable, so
// weights are computed per axis. The backward pass is parallel over channels: each value is summed in the order of the
// regions, bit for bit the same for any number of threads.
#include "autograd.h"
#include "call.h"
#include "definitions.h"
#include "lanes.h"
#include "precision.h"

namespace detlab {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

struct RoiOptions {
  int64_t height, width, sampling;
  double spatialScale;
  bool aligned;
};

/** One bilinear sample along an axis: two neighbouring positions and their weights; both zero outside the map. */
struct Sample {
  int64_t low, high;
  float lowWeight, highWeight;
};

static Sample sampleAt(float position, int64_t size) {
  if (position < -1.0f || position > float(size)) return {0, 0, 0.0f, 0.0f};
  position = std::max(position, 0.0f);
  auto low = static_cast<int64_t>(position);
  if (low >= size - 1) return {size - 1, size - 1, 1.0f, 0.0f};
  float fraction = position - float(low);
  return {low, low + 1, 1.0f - fraction, fraction};
}

struct Region {
  int64_t image, gridHeight, gridWidth;
  float top, left, binHeight, binWidth, weight;  // weight: one over the number of samples in a bin
};

static Region regionOf(const float* roi, const RoiOptions& o, int64_t images) {
  float scale = float(o.spatialScale), offset = o.aligned ? 0.5f : 0.0f;
  float left = roi[1] * scale - offset, top = roi[2] * scale - offset;
  float width = roi[3] * scale - offset - left, height = roi[4] * scale - offset - top;
  if (!o.aligned) {
    width = std::max(width, 1.0f);
    height = std::max(height, 1.0f);
  }
  Region r;
  r.image = static_cast<int64_t>(roi[0]);
  if (!(r.image >= 0 && r.image < images))
    throw std::runtime_error("a region of interest is of image " + c10::str(roi[0]) + ", expected 0 .. " +
                             std::to_string(images - 1));
  if (!std::isfinite(width) || !std::isfinite(height) || !std::isfinite(left) || !std::isfinite(top))
    throw std::runtime_error("a region of interest has a coordinate that is not finite");
  r.top = top;
  r.left = left;
  r.binHeight = height / float(o.height);
  r.binWidth = width / float(o.width);
  r.gridHeight = o.sampling > 0 ? o.sampling : static_cast<int64_t>(std::ceil(r.binHeight));
  r.gridWidth = o.sampling > 0 ? o.sampling : static_cast<int64_t>(std::ceil(r.binWidth));
  r.gridHeight = std::max<int64_t>(r.gridHeight, 0);
  r.gridWidth = std::max<int64_t>(r.gridWidth, 0);
  r.weight = 1.0f / float(std::max<int64_t>(r.gridHeight * r.gridWidth, 1));
  return r;
}

/** The samples of every bin of an axis, one after another. */
static void samplesOf(std::vector<Sample>& out, float start, float bin, int64_t bins, int64_t grid, int64_t size) {
  out.clear();
  for (int64_t b = 0; b < bins; b++)
    for (int64_t i = 0; i < grid; i++)
      out.push_back(sampleAt(start + float(b) * bin + (float(i) + 0.5f) * bin / float(grid), size));
}

/** Visits (bin, offset of a pixel's channels in x, weight) of a region, in a fixed order. */
template <typename F>
static void visit(const Region& r, const RoiOptions& o, int64_t H, int64_t W, int64_t C, std::vector<Sample>& ys,
                  std::vector<Sample>& xs, F f) {
  samplesOf(ys, r.top, r.binHeight, o.height, r.gridHeight, H);
  samplesOf(xs, r.left, r.binWidth, o.width, r.gridWidth, W);
  int64_t base = r.image * H * W;
  for (int64_t row = 0; row < o.height; row++)
    for (int64_t column = 0; column < o.width; column++)
      for (int64_t i = 0; i < r.gridHeight; i++) {
        const Sample& y = ys[row * r.gridHeight + i];
        for (int64_t j = 0; j < r.gridWidth; j++) {
          const Sample& x = xs[column * r.gridWidth + j];
          int64_t bin = row * o.width + column;
          const float weights[4] = {y.lowWeight * x.lowWeight, y.lowWeight * x.highWeight, y.highWeight * x.lowWeight,
                                    y.highWeight * x.highWeight};
          const int64_t pixels[4] = {(base + y.low * W + x.low) * C, (base + y.low * W + x.high) * C,
                                     (base + y.high * W + x.low) * C, (base + y.high * W + x.high) * C};
          f(bin, pixels, weights);
        }
      }
}

static std::vector<Region> regionsOf(const Tensor& rois, const RoiOptions& o, int64_t images) {
  std::vector<Region> regions;
  const float* values = rois.data_ptr<float>();
  for (int64_t k = 0; k < rois.size(0); k++) regions.push_back(regionOf(values + 5 * k, o, images));
  return regions;
}

static Tensor poolRegions(const Tensor& x, const Tensor& rois, const RoiOptions& o) {
  int64_t H = x.size(1), W = x.size(2), C = x.size(3), K = rois.size(0), bins = o.height * o.width;
  auto regions = regionsOf(rois, o, x.size(0));
  Tensor y = at::empty({K, o.height, o.width, C}, x.options());
  withLane(x, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    const T* source = pointer<T>(x);
    T* target = pointer<T>(y);
    at::parallel_for(0, K, 1, [&](int64_t begin, int64_t end) {
      std::vector<Sample> ys, xs;
      std::vector<float> sums(bins * C);
      for (int64_t k = begin; k < end; k++) {
        std::fill(sums.begin(), sums.end(), 0.0f);
        visit(regions[k], o, H, W, C, ys, xs, [&](int64_t bin, const int64_t* p, const float* w) {
          float* sum = sums.data() + bin * C;
          const T *a = source + p[0], *b = source + p[1], *c = source + p[2], *d = source + p[3];
          for (int64_t i = 0; i < C; i++)
            sum[i] += w[0] * load(a[i]) + w[1] * load(b[i]) + w[2] * load(c[i]) + w[3] * load(d[i]);
        });
        float weight = regions[k].weight;
        T* out = target + k * bins * C;
        for (int64_t i = 0; i < bins * C; i++) store(out[i], sums[i] * weight);
      }
    });
  });
  return y;
}

static Tensor unpool(const Tensor& dy, const Tensor& rois, const RoiOptions& o, const Ints& shape) {
  int64_t H = shape[1], W = shape[2], C = shape[3], bins = o.height * o.width;
  auto regions = regionsOf(rois, o, shape[0]);
  Tensor dx = at::zeros(shape, at::kFloat);
  float* target = dx.data_ptr<float>();
  constexpr int64_t kSlice = 64;
  int64_t slices = (C + kSlice - 1) / kSlice;
  withLane(dy, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    const T* source = pointer<T>(dy);
    at::parallel_for(0, slices, 1, [&](int64_t begin, int64_t end) {
      std::vector<Sample> ys, xs;
      int64_t first = begin * kSlice, n = std::min(C, end * kSlice) - first;
      for (size_t k = 0; k < regions.size(); k++) {
        float share = regions[k].weight;
        const T* gradient = source + k * bins * C + first;
        visit(regions[k], o, H, W, C, ys, xs, [&](int64_t bin, const int64_t* p, const float* w) {
          const T* g = gradient + bin * C;
          for (int corner = 0; corner < 4; corner++) {
            float weight = w[corner] * share;
            if (weight == 0.0f) continue;
            float* out = target + p[corner] + first;
            for (int64_t i = 0; i < n; i++) out[i] += weight * load(g[i]);
          }
        });
      }
    });
  });
  return dx;
}

struct RoiAlignFunction : torch::autograd::Function<RoiAlignFunction> {
  static Tensor forward(AutogradContext* context, const Tensor& x, const Tensor& rois, const RoiOptions& o) {
    context->save_for_backward({rois});
    auto& saved = context->saved_data;
    saved["shape"] = x.sizes().vec();
    saved["size"] = Ints{o.height, o.width, o.sampling, o.aligned};
    saved["scale"] = o.spatialScale;
    saved["type"] = x.scalar_type();
    return poolRegions(x.detach(), rois.detach(), o);
  }
  static variable_list backward(AutogradContext* context, variable_list outputs) {
    refuseSecondOrder("DetRoIAlign inside an inner gradient");
    variable_list gradients(3);
    if (!outputs[0].defined()) return gradients;
    auto& saved = context->saved_data;
    Ints size = saved["size"].toIntVector();
    RoiOptions o{size[0], size[1], size[2], saved["scale"].toDouble(), size[3] != 0};
    Tensor dx = unpool(outputs[0].contiguous(), context->get_saved_variables()[0], o, saved["shape"].toIntVector());
    gradients[0] = dx.to(saved["type"].toScalarType());
    return gradients;
  }
};

/**
 * The same as a composition of ATen operations, for other devices and second derivatives. Regions of equal grid size are
 * pooled together.
 */
static Tensor composed(const Tensor& x, const Tensor& rois, const RoiOptions& o) {
  int64_t N = x.size(0), H = x.size(1), W = x.size(2), C = x.size(3), K = rois.size(0);
  Tensor host = rois.detach().to(at::kCPU).to(at::kFloat).contiguous();
  auto regions = regionsOf(host, o, N);
  Tensor flat = full(x).reshape({N * H * W, C});
  std::map<std::pair<int64_t, int64_t>, std::vector<int64_t>> byGrid;
  for (int64_t k = 0; k < K; k++) byGrid[{regions[k].gridHeight, regions[k].gridWidth}].push_back(k);
  std::vector<Tensor> parts;
  std::vector<int64_t> order;
  for (auto& [grid, members] : byGrid) {
    order.insert(order.end(), members.begin(), members.end());
    std::vector<int64_t> pixels;
    std::vector<float> weights;
    std::vector<Sample> ys, xs;
    int64_t perBin = std::max<int64_t>(1, grid.first * grid.second) * 4;
    for (int64_t k : members) {
      size_t before = pixels.size();
      visit(regions[k], o, H, W, 1, ys, xs, [&](int64_t, const int64_t* p, const float* w) {
        pixels.insert(pixels.end(), p, p + 4);
        for (int corner = 0; corner < 4; corner++) weights.push_back(w[corner] * regions[k].weight);
      });
      pixels.resize(before + o.height * o.width * perBin, 0);  // a region without samples pools to zero
      weights.resize(pixels.size(), 0.0f);
    }
    Tensor index = at::tensor(pixels, at::kLong).to(x.device());
    Tensor weight = at::tensor(weights, at::kFloat).to(x.device()).unsqueeze(1);
    Tensor sampled = at::index_select(flat, 0, index) * weight;
    int64_t count = static_cast<int64_t>(members.size());
    parts.push_back(sampled.reshape({count, o.height, o.width, perBin, C}).sum(3));
  }
  if (parts.empty()) return at::zeros({0, o.height, o.width, C}, x.options());
  Tensor back = at::argsort(at::tensor(order, at::kLong)).to(x.device());
  return at::index_select(at::cat(parts), 0, back).to(x.scalar_type());
}

void defineRoiAlign() {
  // (x, rois, [height, width], spatialScale, samplingRatio, aligned)
  defineKernel("detRoiAlign", [](Call& call) {
    Tensor x = call.tensor(0), rois = call.tensor(1);
    Ints size = call.integers(2);
    RoiOptions o{size[0], size[1], call.integer(4), call.number(3), call.flag(5)};
    if (x.dim() != 4 || rois.dim() != 2 || rois.size(1) != 5)
      throw std::runtime_error("x must be [N, H, W, C] and rois [K, 5]");
    if (o.height < 1 || o.width < 1 || o.sampling < 0)
      throw std::runtime_error("expected an output size >= 1 and samplingRatio >= 0");
    if (x.size(1) == 0 || x.size(2) == 0) throw std::runtime_error("the feature map is empty");
    if (!hasLanes(x) || gradientDepth() > 1) return composed(x, rois, o);
    x = x.contiguous();
    rois = full(rois.detach()).contiguous();
    if (at::GradMode::is_enabled() && x.requires_grad()) return RoiAlignFunction::apply(x, rois, o);
    return poolRegions(x, rois, o);
  });
}

}  // namespace detlab
