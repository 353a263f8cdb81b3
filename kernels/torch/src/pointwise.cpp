#include "pointwise.h"

#include "concat.h"
#include "lanes.h"
#include "layout.h"
#include "precision.h"
#include "row_product.h"

namespace detlab {

namespace {

/** A map as rows of pixels: where it is, or copied. */
Tensor withRows(const Tensor& x) { return pixelStep(x) > 0 ? x : channelsLast(x); }

/** Shares of rows for each thread, in whole tiles. */
template <typename F>
void overRows(int64_t rows, F f) {
  constexpr int64_t unit = 14;
  int64_t units = (rows + unit - 1) / unit, parts = std::min<int64_t>(at::get_num_threads(), units);
  at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
    for (int64_t part = begin; part < end; part++)
      f(units * part / parts * unit, std::min(rows, units * (part + 1) / parts * unit));
  });
}

template <typename T>
Tensor rowForward(const std::vector<Tensor>& maps, const Tensor& packed, int64_t channels, const Tensor& bias,
               const Tensor& residual, Activation activation) {
  auto [height, width] = joinedSize(maps);
  const int64_t images = maps[0].size(0);
  std::vector<RowSegment<T>> whole, coarse;
  int64_t depth = 0;
  for (auto& x : maps) {
    bool repeated = x.size(2) != height;
    (repeated ? coarse : whole).push_back({pointer<T>(x), pixelStep(x), x.size(1), depth});
    depth += x.size(1);
  }
  const T* panels = pointer<T>(packed);
  RowEpilogue<T> epilogue;
  Tensor addend;
  if (!coarse.empty()) {
    int64_t rows = images * (height / 2) * (width / 2);
    addend = at::empty({rows, channels}, maps[0].options().dtype(at::kFloat).memory_format(at::MemoryFormat::Contiguous));
    float* sums = addend.data_ptr<float>();
    overRows(rows, [&](int64_t begin, int64_t end) {
      rowProduct(coarse, begin, end, channels, panels, depth, RowEpilogue<float>{}, sums);
    });
    epilogue.addend = sums;
    epilogue.width = width;
  }
  Tensor y = at::empty({images, channels, height, width}, maps[0].options(), at::MemoryFormat::ChannelsLast);
  epilogue.bias = pointer<float>(bias);
  epilogue.residual = pointer<T>(residual);
  epilogue.residualStep = channels;
  epilogue.activation = activation;
  T* result = pointer<T>(y);
  overRows(images * height * width, [&](int64_t begin, int64_t end) {
    rowProduct(whole, begin, end, channels, panels, depth, epilogue, result);
  });
  return y;
}

bool isStrided(at::IntArrayRef strides) { return strides[0] != 1 || strides[1] != 1; }

/** The pixels of a map that a filter with these strides reads. */
Tensor pixelsRead(const Tensor& x, at::IntArrayRef strides) {
  return withRows(isStrided(strides) ? x.slice(2, 0, x.size(2), strides[0]).slice(3, 0, x.size(3), strides[1]) : x);
}

/** Packing takes a share of 10 / rows of a product. */
constexpr int64_t kPackedRows = 320;

}  // namespace

std::pair<int64_t, int64_t> joinedSize(const std::vector<Tensor>& maps) {
  int64_t height = 0, width = 0;
  for (auto& x : maps) height = std::max(height, x.size(2)), width = std::max(width, x.size(3));
  for (auto& x : maps) {
    bool same = x.size(2) == height && x.size(3) == width, half = 2 * x.size(2) == height && 2 * x.size(3) == width;
    if (x.size(0) != maps[0].size(0) || !(same || half))
      throw std::runtime_error("expected maps of one batch size, of the size of the largest or of half of it");
  }
  return {height, width};
}

bool pointwiseFits(const std::vector<Tensor>& maps, at::IntArrayRef filter, at::IntArrayRef strides, at::IntArrayRef padding,
                   int64_t groups) {
  if (groups != 1 || filter[2] != 1 || filter[3] != 1 || padding[0] != 0 || padding[1] != 0) return false;
  if (isStrided(strides) && maps.size() > 1) return false;
  for (auto& x : maps)
    if (!x.is_cpu() || x.numel() == 0 || !rowProductFits(x.scalar_type(), x.size(1))) return false;
  // the gradient of the maps is a product over output channels
  return filter[0] > 0 && rowProductFits(maps[0].scalar_type(), filter[0]) && productType(maps[0].scalar_type()) == maps[0].scalar_type();
}

Tensor joinedMaps(const std::vector<Tensor>& maps) {
  auto [height, width] = joinedSize(maps);
  std::vector<Tensor> same;
  for (auto& x : maps)
    same.push_back(nhwc(x.size(2) == height ? x : at::upsample_nearest2d(x, at::IntArrayRef{height, width})));
  return nchw(concatenated(same, 3));
}

Tensor pointwiseFilter(const Tensor& filter, const Tensor& scale, at::ScalarType type, bool flipped) {
  const int64_t outputs = filter.size(0), inputs = filter.size(1);
  Tensor rows = full(filter).reshape({outputs, inputs}).contiguous(), factors = scale.defined() ? full(scale).contiguous() : scale;
  int64_t columns = flipped ? inputs : outputs, depth = flipped ? outputs : inputs;
  Tensor packed = at::empty({packedRowFilterSize(columns, depth)}, filter.options().dtype(type).memory_format(at::MemoryFormat::Contiguous));
  withLane(packed, [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    packRowFilter(rows.data_ptr<float>(), pointer<float>(factors), outputs, inputs, flipped, pointer<T>(packed));
  });
  return packed;
}

Tensor pointwiseForward(const std::vector<Tensor>& maps, const Tensor& packed, int64_t channels, at::IntArrayRef strides,
                        const Tensor& bias, const Tensor& residual, Activation activation) {
  std::vector<Tensor> read;
  for (auto& x : maps) read.push_back(pixelsRead(x, strides));
  Tensor offset = bias.defined() ? full(bias).contiguous() : bias, other = residual.defined() ? channelsLast(residual) : residual, y;
  withLane(maps[0], [&](auto* lane) {
    using T = std::remove_pointer_t<decltype(lane)>;
    y = rowForward<T>(read, packed, channels, offset, other, activation);
  });
  return y;
}

bool panelsFit(const std::vector<Tensor>& maps, at::IntArrayRef filter, at::IntArrayRef strides) {
  const Tensor& x = maps[0];
  for (auto& map : maps)
    if (map.scalar_type() != at::kFloat || map.size(2) != x.size(2)) return false;
  const int64_t rows = x.size(0) * ((x.size(2) - 1) / strides[0] + 1) * ((x.size(3) - 1) / strides[1] + 1);
  return rows >= kPackedRows && panelsOf(filter[0]) >= at::get_num_threads();
}

Tensor pointwiseByPanels(const std::vector<Tensor>& maps, const Tensor& filter, const Tensor& scale, at::IntArrayRef strides,
                         const Tensor& bias, const Tensor& residual, Activation activation) {
  const int64_t outputs = filter.size(0), inputs = filter.size(1);
  std::vector<Tensor> read;
  std::vector<RowSegment<float>> segments;
  int64_t depth = 0;
  for (auto& map : maps) {
    read.push_back(pixelsRead(map, strides));
    segments.push_back({pointer<float>(read.back()), pixelStep(read.back()), map.size(1), depth});
    depth += map.size(1);
  }
  Tensor values = full(filter).reshape({outputs, inputs}).contiguous(), factors = scale.defined() ? full(scale).contiguous() : scale;
  Tensor offset = bias.defined() ? full(bias).contiguous() : bias, other = residual.defined() ? channelsLast(residual) : residual;
  const Tensor& x = read[0];
  Tensor y = at::empty({x.size(0), outputs, x.size(2), x.size(3)}, x.options(), at::MemoryFormat::ChannelsLast);
  RowEpilogue<float> epilogue;
  epilogue.bias = pointer<float>(offset);
  epilogue.residual = pointer<float>(other);
  epilogue.residualStep = outputs;
  epilogue.activation = activation;
  const int64_t rows = x.size(0) * x.size(2) * x.size(3), panels = panelsOf(outputs);
  const int64_t workers = std::min<int64_t>(at::get_num_threads(), panels), size = packedRowFilterSize(kPanel, inputs);
  Tensor space = at::empty({workers, size}, at::TensorOptions(at::kFloat));
  at::parallel_for(0, workers, 1, [&](int64_t begin, int64_t end) {
    for (int64_t worker = begin; worker < end; worker++) {
      float* panel = space.data_ptr<float>() + worker * size;
      for (int64_t k = panels * worker / workers; k < panels * (worker + 1) / workers; k++) {
        packRowPanel(values.data_ptr<float>(), pointer<float>(factors), outputs, inputs, false, k * kPanel, panel);
        rowPanelProduct(segments, 0, rows, k * kPanel, outputs, panel, epilogue, pointer<float>(y));
      }
    }
  });
  return y;
}

}  // namespace detlab
